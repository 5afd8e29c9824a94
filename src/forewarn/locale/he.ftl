exercise = תרגיל.

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

do-prepare = { $audience ->
    [schools] הכינו את כולם לכניסה למרחב המוגן.
    [drivers] סעו בזהירות והתכוננו לעצור ליד מבנה.
    [slow] עברו עכשיו למקום הבטוח ביותר שתוכלו להגיע אליו ובקשו עזרה.
   *[everyone] היערכו: אתרו את המרחב המוגן הקרוב והישארו בסמוך אליו.
}
do-take_cover = { $audience ->
    [schools] הכניסו מיד את כולם למרחב המוגן או למסדרון פנימי, הרחק מחלונות.
    [drivers] עצרו בצד הדרך, צאו מהרכב והיכנסו למבנה הקרוב; אם אין מבנה, שכבו על הקרקע והגנו על הראש בידיים.
    [slow] התמקמו ליד קיר פנימי, הרחק מחלונות, והגנו על הראש; היכנסו למרחב המוגן רק אם תספיקו.
   *[everyone] היכנסו מיד למרחב מוגן או לחדר פנימי, הרחק מחלונות.
}
do-stay = הישארו במרחב המוגן עד להודעה על סיום האירוע.
do-all_clear = ניתן לצאת מהמרחב המוגן. אין לגעת בשברים.

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

says-what = רקט | טיל | כטב"ם | שברים | איום | הסתיים
says-do = מוגן | עברו | היכנסו | הישארו | היערכו | שכבו | התכוננו | אין לגעת
