exercise = EXERCISE.
drill = TEST. This is a test of the warning service. There is no danger and nothing to do.

kind-rocket = rocket fire
kind-ballistic_missile = ballistic missile
kind-cruise_missile = cruise missile
kind-drone = attack drone
kind-debris = falling debris
kind-unknown = threat from the air

now = now
at = around { $clock }

headline-prepare = { $zone }: { $kind } possible, { $when }
headline-take_cover = { $zone }: { $kind }, impact expected { $when }
headline-stay = { $zone }: { $kind }, the danger is not over as of { $issued }
headline-all_clear = { $zone }: all clear as of { $issued }
headline-correction = { $zone }: the alert was sent in error, there is no threat as of { $issued }

do-prepare = { $audience ->
    [schools] Get everyone ready to move to shelter.
    [drivers] Drive with care and be ready to stop near a building.
    [slow] Go now to the safest place you can reach, and ask for help.
   *[everyone] Be ready: know your nearest shelter and stay close to it.
}
do-take_cover = { $audience ->
    [schools] Take everyone to shelter or an inner corridor now, away from windows.
    [drivers] Stop at the roadside, leave the vehicle, enter the nearest building; if there is none, lie down and cover your head.
    [slow] Get down by an inner wall, away from windows, and cover your head; go to shelter only if you can reach it in time.
   *[everyone] Take cover now: nearest shelter or inner room, away from windows.
}
do-stay = Stay in shelter until the all-clear.
do-all_clear = You may leave shelter. Do not touch debris.
do-correction = You may leave shelter. Heed any new alert.

# short: one page of cell broadcast, 93 letters with the name of the place
short-at = at { $clock }
short-headline-prepare = { $zone }: { $kind } possible { $when }.
short-headline-take_cover = { $zone }: { $kind }, { $when }.
short-headline-stay = { $zone }: { $kind }, not over at { $issued }.
short-headline-all_clear = { $zone }: all clear at { $issued }.
short-headline-correction = { $zone }: false alert, no threat { $issued }.
short-do-prepare = { $audience ->
    [schools] Get everyone ready.
    [drivers] Be ready to stop.
    [slow] Go to a safe place.
   *[everyone] Stay near shelter.
}
short-do-take_cover = { $audience ->
    [schools] Take everyone to shelter now.
    [drivers] Stop. Get inside or lie down.
    [slow] Get down by an inner wall.
   *[everyone] Go to shelter or inner room.
}
short-do-stay = Stay in shelter.
short-do-all_clear = You may go out. Touch no debris.
short-do-correction = You may leave shelter.

# plain: short sentences and easy words
plain-kind-rocket = rockets
plain-kind-ballistic_missile = a missile
plain-kind-cruise_missile = a missile
plain-kind-drone = a drone with a bomb
plain-kind-debris = falling debris
plain-kind-unknown = a threat from the air
plain-headline-prepare = { $zone }. Possible danger: { $kind }. It can come { $when }.
plain-headline-take_cover = { $zone }. Danger: { $kind }. It can hit { $when }.
plain-headline-stay = { $zone }. Danger: { $kind }. It is not over. The time is { $issued }.
plain-headline-all_clear = { $zone }. All clear. The danger is over. The time is { $issued }.
plain-headline-correction = { $zone }. The alert was a mistake. There is no threat. The time is { $issued }.
plain-do-prepare = { $audience ->
    [schools] Get ready. Tell everyone where the shelter is. Help people who need help.
    [drivers] Drive slowly. Look for a building. Be ready to stop.
    [slow] Go to a safe place now. Ask someone to help you.
   *[everyone] Get ready. Find your shelter. Stay near it.
}
plain-do-take_cover = { $audience ->
    [schools] Take everyone to the shelter now. Is it too far? Go to a corridor inside. Stay away from windows.
    [drivers] Stop the car. Get out. Go into a building. No building? Lie down. Put your hands on your head.
    [slow] Sit down by a wall inside. Stay away from windows. Put your hands on your head. Is the shelter close? Then go to it.
   *[everyone] Go to the shelter now. Is it too far? Go to a room inside. Stay away from windows.
}
plain-do-stay = Stay in the shelter. Wait for the next message.
plain-do-all_clear = You can go out. Do not touch broken pieces.
plain-do-correction = You can leave the shelter. Listen for new alerts.

seconds = { $count ->
    [one] { $count } second
   *[other] { $count } seconds
}
minutes = { $count ->
    [one] { $count } minute
   *[other] { $count } minutes
}

# stems that a text must hold one of, to say what threatens and what to do
says-what = rocket | missile | drone | debris | threat | all clear
says-do = cover | go to | go now | shelter | stay | ready | enter | get inside | get down | lie down | sit down | touch no | do not
