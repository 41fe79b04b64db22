#!/bin/bash
# What asks for input gets none: this script may itself come that way, and srun hands on all of it.
# Three jobs of a machine each, a fourth that waits; then a job that shares its own share out.
set -eu
work=$(mktemp -d)
cd "$work"
trap 'scancel --user=root || true; rm -rf "$work"' EXIT
/usr/lib/infralab/bin/start-slurm

[ "$(srun -N3 -n6 sh -c 'echo $SLURMD_NODENAME' < /dev/null | sort | uniq -c | tr -s ' ')" = " 2 m1
 2 m2
 2 m3" ]
echo "six tasks ran on three machines"

for name in one two three four; do sbatch -Q -n2 -N1 -J $name --wrap 'sleep 60'; done
for _ in $(seq 50); do
  [ "$(squeue -h -t R -o %N | sort | paste -sd,)" = m1,m2,m3 ] && there=1 && break
  sleep 0.1
done
[ "${there:-}" ] || { squeue; exit 1; }
[ "$(squeue -h -t PD -o %j)" = four ]
scancel --user=root
for _ in $(seq 80); do [ -z "$(squeue -h)" ] && break; sleep 0.1; done
echo "three had a machine each, and the fourth waited"

cat > share.sh <<'END'
#!/bin/sh
for _ in 1 2 3 4; do srun --exact -n1 --mem=50 sleep 1 & done
wait
END
sbatch -QW -n2 --mem-per-cpu=50 share.sh
scontrol --json show jobs | jq -e '.jobs[-1].job_state == ["COMPLETED"]' > /dev/null
ended=$(grep -c 'REQUEST_STEP_COMPLETE.* rc=0' /var/log/slurm/slurmctld.log)
[ "$ended" -ge 5 ] || { echo "$ended steps were seen to end"; exit 1; }
echo "a job of two processors ran four tasks"
