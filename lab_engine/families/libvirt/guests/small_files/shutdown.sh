#!/bin/sh
# The guest agent calls this for `virsh shutdown` and `virsh reboot`.
case " $* " in
*" -r "*) exec reboot ;;
*" -H "*) exec halt ;;
*) exec poweroff ;;
esac
