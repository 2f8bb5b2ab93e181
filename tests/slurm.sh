#!/bin/sh
# Starts a Slurm of one node on loopback (Debian's slurm-wlm and munge), runs the suite `slurm`
# under it, and ends it. Where there is none, or it does not start, says so and passes. Last line:
# "slurm: N passed, N failed".
# usage: slurm.sh BUILD_DIR
set -u
build=$(cd "$1" && pwd)
PATH=$PATH:/usr/sbin
SLURM_FOLDER=$(mktemp -d /tmp/deltam-slurm-XXXXXX)
SLURM_CONF=$SLURM_FOLDER/slurm.conf
export SLURM_FOLDER SLURM_CONF

# finish: ends what was started here, by its process ids
finish() {
	for name in slurmd slurmctld munged; do
		[ -s "$SLURM_FOLDER/$name.pid" ] && kill -9 "$(cat "$SLURM_FOLDER/$name.pid")" 2>/dev/null
	done
	rm -rf "$SLURM_FOLDER"
}
trap finish EXIT
trap 'exit 1' INT TERM HUP

skip() {
	echo "slurm: skipped, $1"
	echo "slurm: 0 passed, 0 failed"
	exit 0
}

# port: one that nobody listens at now
port() {
	awk -v seed="$1$$" 'BEGIN { srand(seed); print 20000 + int(rand() * 20000) }'
}

configure() {
	mkdir -p "$SLURM_FOLDER/state" "$SLURM_FOLDER/spool"
	chmod 755 "$SLURM_FOLDER"
	head -c 128 /dev/urandom >"$SLURM_FOLDER/munge.key"
	chmod 600 "$SLURM_FOLDER/munge.key"
	cat >"$SLURM_CONF" <<-END
		ClusterName=deltam
		SlurmctldHost=$(hostname)(127.0.0.1)
		SlurmUser=$(id -un)
		SlurmdUser=$(id -un)
		AuthType=auth/munge
		AuthInfo=socket=$SLURM_FOLDER/munge.socket
		CredType=cred/munge
		SlurmctldPort=$(port 1)
		SlurmdPort=$(port 2)
		StateSaveLocation=$SLURM_FOLDER/state
		SlurmdSpoolDir=$SLURM_FOLDER/spool
		SlurmctldPidFile=$SLURM_FOLDER/slurmctld.pid
		SlurmdPidFile=$SLURM_FOLDER/slurmd.pid
		SlurmctldLogFile=$SLURM_FOLDER/slurmctld.log
		SlurmdLogFile=$SLURM_FOLDER/slurmd.log
		PlugStackConfig=/dev/null
		ProctrackType=proctrack/linuxproc
		TaskPlugin=task/none
		SelectType=select/cons_tres
		SelectTypeParameters=CR_CPU
		SchedulerType=sched/builtin
		AccountingStorageType=accounting_storage/none
		JobAcctGatherType=jobacct_gather/none
		MpiDefault=none
		SwitchType=switch/none
		ReturnToService=2
		KillWait=5
		MinJobAge=10
		SlurmdParameters=config_overrides
		NodeName=one NodeHostname=$(hostname) NodeAddr=127.0.0.1 CPUs=4 State=UNKNOWN
		PartitionName=all Nodes=one Default=YES MaxTime=INFINITE State=UP
	END
}

# answers COMMAND...: whether it succeeds within 20 seconds
answers() {
	for _ in $(seq 200); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.1
	done
	return 1
}

idle() {
	[ "$(sinfo --noheader --format=%T)" = idle ]
}

start() {
	for program in munged slurmctld slurmd sbatch; do
		command -v $program >/dev/null || skip "$program is not installed (slurm-wlm, munge)"
	done
	configure
	munged --force --key-file="$SLURM_FOLDER/munge.key" --socket="$SLURM_FOLDER/munge.socket" \
		--pid-file="$SLURM_FOLDER/munged.pid" --log-file="$SLURM_FOLDER/munged.log" \
		--seed-file="$SLURM_FOLDER/munged.seed" >"$SLURM_FOLDER/said" 2>&1 ||
		skip "munged does not start: $(tail -1 "$SLURM_FOLDER/said")"
	slurmctld -i >"$SLURM_FOLDER/said" 2>&1 || skip "slurmctld does not start: $(tail -1 "$SLURM_FOLDER/said")"
	slurmd -N one >"$SLURM_FOLDER/said" 2>&1 || skip "slurmd does not start: $(tail -1 "$SLURM_FOLDER/said")"
	answers idle || skip "its node does not become idle: $(tail -1 "$SLURM_FOLDER/slurmctld.log")"
}

start
if "$build/tests" slurm; then
	echo "slurm: 1 passed, 0 failed"
else
	tail -n 25 "$SLURM_FOLDER/slurmctld.log" "$SLURM_FOLDER/slurmd.log"
	echo "slurm: 0 passed, 1 failed"
	exit 1
fi
