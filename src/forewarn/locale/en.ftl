exercise = EXERCISE.

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
says-do = cover | go to | go now | shelter | stay | ready | enter | lie down | do not
