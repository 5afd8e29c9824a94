"""Where the numbers of bodies flown side by side lie: rows of a flat workspace.

Each row is LANES long and holds one number of each body.
"""

LANES = 56  # as many as a processor keeps at hand: 34 kB

# fmt: off
(X, Y, Z, VX, VY, VZ,                # state at the start of the step
 SX, SY, SZ, SVX, SVY, SVZ,          # state at the stage in hand
 AX, AY, AZ,                         # acceleration there
 PX, PY, PZ, PVX, PVY, PVZ,          # state before the last step
 H, CLIMB, PH, PCLIMB,               # height, its rate; both before the last step
 IR, IR2, SIN2, IACROSS, UP,         # 1/r, 1/r2, sine of latitude squared, 1/across, z axis
 PLACE, MACH, RX, RY, RZ,            # places in the tables; motion through the air
 BRAKE, DT, T, LAST,                 # drag over speed; step; time; whether it ends the fall
 PER_BETA, EAST, NORTH, STEEP,       # what the body is, its own wind; steepness of drag
 LX, LY, LZ,                         # its lift over its drag
 ) = range(0, 46 * LANES, LANES)
# fmt: on
# what the state grows by at the first five stages: of each six rows, velocity and
# acceleration
FIRST, SECOND, THIRD, FOURTH, FIFTH = range(46 * LANES, 76 * LANES, 6 * LANES)
ROWS = 76
