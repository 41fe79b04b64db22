"""A terminal inside the screen: a process on a PTY, an emulator, and the widget that shows it.

The emulator is bittty 0.3.0. Measured on two slow cores with 4 KiB pieces: lines of `seq`
520 KiB/s, coloured lines 2 MiB/s, cursor addressing 1.5 MiB/s. pyte 0.8.2 did 260, 340 and
460 KiB/s there, and knows no mouse, clipboard or bracketed paste. The widget of textual-tty is not
used: it holds bittty below 0.2, ticks sixty times a second, and parses whatever was read in one
go, which stalls the loop.
"""
