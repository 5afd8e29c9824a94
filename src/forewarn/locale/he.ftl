exercise = תרגיל.
drill = בדיקה. זוהי בדיקה של שירות ההתרעה. אין סכנה ואין צורך לעשות דבר.

kind-rocket = ירי רקטי
kind-ballistic_missile = טיל בליסטי
kind-cruise_missile = טיל שיוט
kind-drone = כטב"ם תוקף
kind-debris = נפילת שברים
kind-unknown = איום אווירי

now = עכשיו
at = בסביבות { $clock }

headline-prepare = { $zone }: ייתכן { $kind }, { $when }
headline-take_cover = { $zone }: { $kind }, פגיעה צפויה { $when }
headline-stay = { $zone }: { $kind }, הסכנה לא חלפה נכון ל-{ $issued }
headline-all_clear = { $zone }: האירוע הסתיים, { $issued }
headline-correction = { $zone }: ההתרעה נשלחה בטעות, אין איום, { $issued }

do-prepare = { $audience ->
    [schools] הכינו את כולם לכניסה למרחב המוגן.
    [drivers] סעו בזהירות והתכוננו לעצור ליד מבנה.
    [slow] עברו עכשיו למקום הבטוח ביותר שתוכלו להגיע אליו ובקשו עזרה.
   *[everyone] היערכו: אתרו את המרחב המוגן הקרוב והישארו | שבו בסמוך אליו.
}
do-take_cover = { $audience ->
    [schools] הכניסו מיד את כולם למרחב המוגן או למסדרון פנימי, הרחק מחלונות.
    [drivers] עצרו בצד הדרך, צאו מהרכב והיכנסו למבנה הקרוב; אם אין מבנה, שכבו על הקרקע והגנו על הראש בידיים.
    [slow] התמקמו ליד קיר פנימי, הרחק מחלונות, והגנו על הראש; היכנסו למרחב המוגן רק אם תספיקו.
   *[everyone] היכנסו מיד למרחב מוגן או לחדר פנימי, הרחק מחלונות.
}
do-stay = הישארו | שבו במרחב המוגן עד להודעה על סיום האירוע.
do-all_clear = ניתן לצאת מהמרחב המוגן. אין לגעת בשברים.
do-correction = ניתן לצאת מהמרחב המוגן. פעלו לפי כל התרעה חדשה.

# קצר: שלושה דפים של שידור סלולרי, 123 תווים יחד עם שם המקום
short-at = בסביבות { $clock }
short-headline-prepare = { $zone }: ייתכן { $kind }, { $when }.
short-headline-take_cover = { $zone }: { $kind }, { $when }.
short-headline-stay = { $zone }: { $kind }, הסכנה נמשכת, { $issued }.
short-headline-all_clear = { $zone }: האירוע הסתיים, { $issued }.
short-headline-correction = { $zone }: התרעת שווא, אין איום, { $issued }.
short-do-prepare = { $audience ->
    [schools] הכינו את כולם לכניסה למרחב המוגן.
    [drivers] התכוננו לעצור ליד מבנה.
    [slow] עברו עכשיו למקום בטוח.
   *[everyone] הישארו ליד המרחב המוגן.
}
short-do-take_cover = { $audience ->
    [schools] הכניסו מיד את כולם למרחב המוגן.
    [drivers] עצרו, היכנסו למבנה או שכבו על הקרקע.
    [slow] שבו ליד קיר פנימי והגנו על הראש.
   *[everyone] היכנסו מיד למרחב מוגן או לחדר פנימי.
}
short-do-stay = הישארו במרחב המוגן.
short-do-all_clear = ניתן לצאת. אין לגעת בשברים.
short-do-correction = ניתן לצאת מהמרחב המוגן.

# פשוט: משפטים קצרים ומילים קלות
plain-kind-rocket = רקטות
plain-kind-ballistic_missile = טיל
plain-kind-cruise_missile = טיל
plain-kind-drone = רחפן עם פצצה
plain-kind-debris = שברים נופלים
plain-kind-unknown = איום מהאוויר
plain-headline-prepare = { $zone }. ייתכן שיש סכנה: { $kind }. זה יכול לקרות { $when }.
plain-headline-take_cover = { $zone }. סכנה: { $kind }. הפגיעה יכולה להיות { $when }.
plain-headline-stay = { $zone }. סכנה: { $kind }. הסכנה עוד לא עברה. השעה { $issued }.
plain-headline-all_clear = { $zone }. האירוע הסתיים. אין סכנה. השעה { $issued }.
plain-headline-correction = { $zone }. ההתרעה נשלחה בטעות. אין איום. השעה { $issued }.
plain-do-prepare = { $audience ->
    [schools] התכוננו. אמרו לכולם איפה המרחב המוגן. עזרו למי שצריך עזרה.
    [drivers] סעו לאט. חפשו מבנה. התכוננו לעצור.
    [slow] עברו עכשיו למקום בטוח. בקשו עזרה.
   *[everyone] התכוננו. מצאו את המרחב המוגן. הישארו קרוב אליו.
}
plain-do-take_cover = { $audience ->
    [schools] הכניסו את כולם למרחב המוגן עכשיו. הוא רחוק? לכו למסדרון פנימי. התרחקו מחלונות.
    [drivers] עצרו את הרכב. צאו. היכנסו למבנה. אין מבנה? שכבו על הקרקע. שימו ידיים על הראש.
    [slow] שבו ליד קיר פנימי. התרחקו מחלונות. שימו ידיים על הראש. המרחב המוגן קרוב? היכנסו אליו.
   *[everyone] היכנסו למרחב המוגן עכשיו. הוא רחוק? לכו לחדר פנימי. התרחקו מחלונות.
}
plain-do-stay = הישארו במרחב המוגן. חכו להודעה הבאה.
plain-do-all_clear = אפשר לצאת. אין לגעת בשברים.
plain-do-correction = אפשר לצאת מהמרחב המוגן. הקשיבו להודעות חדשות.

seconds = { $count ->
    [one] שנייה אחת
    [two] שתי שניות
   *[other] { $count } שניות
}
minutes = { $count ->
    [one] דקה אחת
    [two] שתי דקות
   *[other] { $count } דקות
}

says-what = רקט | רחפן | טיל | כטב"ם | שברים | איום | הסתיים
says-do = מוגן | עברו | היכנסו | הישארו | שבו | היערכו | שכבו | התכוננו | אין לגעת
