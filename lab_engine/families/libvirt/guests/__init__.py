"""The guests that VMs run, and how the agent talks to what is inside them.

small          kernel, busybox, guest agent, all in memory: boots in seconds, also emulated
full           Debian with systemd, ssh and Python on a disk; made once, on demand
accelerator    KVM or emulation, found out by running a guest for a moment
agent_channel  commands, files and addresses inside a guest
save_file      the header of libvirt's save files, rewritten so that one state serves many VMs
fill           makes guests and saved states ahead of time, for the cache volume
"""
