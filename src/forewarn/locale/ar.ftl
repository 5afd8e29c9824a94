exercise = تمرين.
drill = اختبار. هذا اختبار لخدمة الإنذار. لا يوجد خطر ولا داعي لفعل أي شيء.

kind-rocket = قصف صاروخي
kind-ballistic_missile = صاروخ باليستي
kind-cruise_missile = صاروخ كروز
kind-drone = طائرة مسيّرة هجومية
kind-debris = سقوط شظايا
kind-unknown = تهديد جوي

now = الآن
at = حوالي الساعة { $clock }

headline-prepare = { $zone }: احتمال { $kind }، { $when }
headline-take_cover = { $zone }: { $kind }، السقوط متوقع { $when }
headline-stay = { $zone }: { $kind }، الخطر ما زال قائماً، الساعة { $issued }
headline-all_clear = { $zone }: انتهى الإنذار، الساعة { $issued }
headline-correction = { $zone }: أُرسل الإنذار بالخطأ، لا يوجد تهديد، الساعة { $issued }

do-prepare = { $audience ->
    [schools] حضّروا الجميع للانتقال إلى الملجأ.
    [drivers] قودوا بحذر واستعدّوا للتوقف قرب مبنى.
    [slow] انتقلوا الآن إلى المكان الأكثر أماناً الذي يمكنكم بلوغه واطلبوا المساعدة.
   *[everyone] استعدّوا: اعرفوا أقرب ملجأ وابقوا قربه.
}
do-take_cover = { $audience ->
    [schools] انقلوا الجميع فوراً إلى الملجأ أو إلى ممر داخلي بعيداً عن النوافذ.
    [drivers] توقفوا على جانب الطريق وغادروا المركبة وادخلوا أقرب مبنى؛ وإن لم يوجد انبطحوا | اجلسوا واحموا رؤوسكم بأيديكم.
    [slow] اجلسوا قرب جدار داخلي بعيداً عن النوافذ واحموا رؤوسكم؛ ولا تذهبوا إلى الملجأ إلا إذا كان الوقت يكفي.
   *[everyone] ادخلوا فوراً إلى الملجأ أو إلى غرفة داخلية بعيداً عن النوافذ.
}
do-stay = ابقوا في الملجأ حتى إعلان انتهاء الإنذار.
do-all_clear = يمكنكم مغادرة الملجأ. لا تلمسوا الشظايا.
do-correction = يمكنكم مغادرة الملجأ. اتبعوا أي إنذار جديد.

# قصير: ثلاث صفحات من البث الخلوي، 123 حرفاً مع اسم المكان
short-at = حوالي الساعة { $clock }
short-headline-prepare = { $zone }: احتمال { $kind }، { $when }.
short-headline-take_cover = { $zone }: { $kind }، { $when }.
short-headline-stay = { $zone }: { $kind }، الخطر مستمر، { $issued }.
short-headline-all_clear = { $zone }: انتهى الإنذار، { $issued }.
short-headline-correction = { $zone }: إنذار خاطئ، لا يوجد تهديد، { $issued }.
short-do-prepare = { $audience ->
    [schools] حضّروا الجميع للانتقال إلى الملجأ.
    [drivers] استعدّوا للتوقف قرب مبنى.
    [slow] انتقلوا الآن إلى مكان آمن.
   *[everyone] ابقوا قرب الملجأ.
}
short-do-take_cover = { $audience ->
    [schools] انقلوا الجميع فوراً إلى الملجأ.
    [drivers] توقفوا وادخلوا مبنى أو انبطحوا.
    [slow] اجلسوا قرب جدار داخلي واحموا رؤوسكم.
   *[everyone] ادخلوا فوراً إلى الملجأ أو إلى غرفة داخلية.
}
short-do-stay = ابقوا في الملجأ.
short-do-all_clear = يمكنكم الخروج. لا تلمسوا الشظايا.
short-do-correction = يمكنكم مغادرة الملجأ.

# مبسّط: جمل قصيرة وكلمات سهلة
plain-kind-rocket = صواريخ
plain-kind-ballistic_missile = صاروخ
plain-kind-cruise_missile = صاروخ
plain-kind-drone = طائرة مسيّرة تحمل قنبلة
plain-kind-debris = شظايا تسقط
plain-kind-unknown = تهديد من الجو
plain-headline-prepare = { $zone }. خطر محتمل: { $kind }. قد يصل { $when }.
plain-headline-take_cover = { $zone }. خطر: { $kind }. قد يسقط { $when }.
plain-headline-stay = { $zone }. خطر: { $kind }. لم ينته الخطر. الساعة { $issued }.
plain-headline-all_clear = { $zone }. انتهى الإنذار. لا خطر. الساعة { $issued }.
plain-headline-correction = { $zone }. كان الإنذار خطأ. لا يوجد تهديد. الساعة { $issued }.
plain-do-prepare = { $audience ->
    [schools] استعدّوا. قولوا للجميع أين الملجأ. ساعدوا من يحتاج إلى المساعدة.
    [drivers] قودوا ببطء. ابحثوا عن مبنى. استعدّوا للتوقف.
    [slow] انتقلوا الآن إلى مكان آمن. اطلبوا المساعدة.
   *[everyone] استعدّوا. اعرفوا مكان الملجأ. ابقوا قربه.
}
plain-do-take_cover = { $audience ->
    [schools] انقلوا الجميع إلى الملجأ الآن. هل هو بعيد؟ ادخلوا إلى ممر داخلي. ابتعدوا عن النوافذ.
    [drivers] أوقفوا السيارة. اخرجوا منها. ادخلوا إلى مبنى. لا يوجد مبنى؟ انبطحوا. ضعوا أيديكم على رؤوسكم.
    [slow] اجلسوا قرب جدار داخلي. ابتعدوا عن النوافذ. ضعوا أيديكم على رؤوسكم. هل الملجأ قريب؟ ادخلوا إليه.
   *[everyone] ادخلوا إلى الملجأ الآن. هل هو بعيد؟ ادخلوا إلى غرفة داخلية. ابتعدوا عن النوافذ.
}
plain-do-stay = ابقوا في الملجأ. انتظروا الرسالة التالية.
plain-do-all_clear = يمكنكم الخروج. لا تلمسوا الشظايا.
plain-do-correction = يمكنكم مغادرة الملجأ. انتظروا الرسائل الجديدة.

seconds = { $count ->
    [one] ثانية واحدة
    [two] ثانيتان
    [few] { $count } ثوانٍ
    [many] { $count } ثانيةً
   *[other] { $count } ثانية
}
minutes = { $count ->
    [one] دقيقة واحدة
    [two] دقيقتان
    [few] { $count } دقائق
    [many] { $count } دقيقةً
   *[other] { $count } دقيقة
}

says-what = صاروخ | صواريخ | مسيّرة | شظايا | تهديد | انتهى
says-do = ملجأ | انتقلوا | ادخلوا | ابقوا | استعدّوا | انبطحوا | اجلسوا | لا تلمسوا
