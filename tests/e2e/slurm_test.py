#!/usr/bin/python3
"""A sweep through a real Slurm, started on this machine for the test: the same bytes as without it."""
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from sweep_test import SweepTest

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "sinfo", "squeue")
CONFIGURATION = """\
ClusterName=local
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmdPort={node_port}
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
AuthType=auth/munge
AuthInfo=socket={folder}/munge/s
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/log/slurmctld
SlurmdLogFile={folder}/log/slurmd
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MaxArraySize=10001
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=sim Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Slurm:
    """One node, bound to the loopback."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="wafersim-slurm-"))
        self.folder.chmod(0o755)
        self.host = socket.gethostname().split(".")[0]
        self.processes = []

    def start(self):
        for name in ("state", "spool", "log", "munge"):
            (self.folder / name).mkdir()
        munge = self.folder / "munge"
        (munge / "key").write_bytes(os.urandom(128))
        user = pwd.getpwnam("munge")
        for path in (munge, munge / "key"):
            os.chown(path, user.pw_uid, user.pw_gid)
        munge.chmod(0o755)
        (munge / "key").chmod(0o400)
        configuration = self.folder / "slurm.conf"
        configuration.write_text(CONFIGURATION.format(host=self.host, folder=self.folder, port=free_port(),
                                                      node_port=free_port()), encoding="utf-8")
        os.environ["SLURM_CONF"] = str(configuration)
        self.run("munged", "--foreground", f"--key-file={munge}/key", f"--socket={munge}/s", f"--pid-file={munge}/pid",
                 f"--log-file={munge}/log", f"--seed-file={munge}/seed", user="munge")
        self.wait(lambda: (munge / "s").exists(), "munged")
        self.run("slurmctld", "-D", "-f", configuration, "-c")
        self.run("slurmd", "-D", "-f", configuration, "-N", self.host)
        self.wait(lambda: "idle" in subprocess.run(["sinfo", "-h", "-o", "%t"], capture_output=True, text=True,
                                                   check=False, timeout=30).stdout, "a node that is idle")

    def run(self, *command, user=None):
        self.processes.append(subprocess.Popen([*map(str, command)], user=user, stdin=subprocess.DEVNULL,
                                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def wait(self, done, what):
        for _ in range(300):
            if done():
                return
            ended = [process.args[0] for process in self.processes if process.poll() is not None]
            if ended:
                raise unittest.SkipTest(f"Slurm cannot start here: {ended[0]} ended at once")
            time.sleep(0.1)
        raise unittest.SkipTest(f"Slurm cannot start here: waited 30 s for {what}")

    def stop(self):
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class ThroughSlurm(SweepTest):
    @classmethod
    def setUpClass(cls):
        os.environ["PATH"] += ":/usr/sbin:/sbin"
        missing = [program for program in PROGRAMS if shutil.which(program) is None]
        if missing:
            raise unittest.SkipTest(f"Slurm is not installed: no {', '.join(missing)} "
                                    "(apt-get install slurm-wlm slurmctld slurmd munge)")
        if os.geteuid() != 0:
            raise unittest.SkipTest("Slurm is started by root only, and this is none")
        slurm = Slurm()
        cls.addClassCleanup(slurm.stop)
        slurm.start()

    def test_the_merge_has_the_same_bytes(self):
        expected = self.undisturbed()
        number = self.finish("-o", "out", "--slurm", "--shards", "3", "-j1", "--partition", "sim", "--time", "10:00").stdout
        self.assertRegex(number, r"^\d+\n$")
        for _ in range(1200):
            if number.strip() not in subprocess.run(["squeue", "-h", "-o", "%A %F"], capture_output=True, text=True,
                                                    check=True, timeout=30).stdout:
                break
            time.sleep(0.1)
        logs = {file.name: file.read_text(encoding="utf-8") for file in (self.folder / "out").glob("slurm-*.log")}
        self.assertEqual(logs, {f"slurm-{task}.log": "" for task in (1, 2, 3)})
        self.finish("-o", "out", "--merge")
        self.assertEqual(self.results("out"), expected)

    def test_a_partition_that_does_not_exist_is_refused(self):
        done = self.sweep("-o", "out", "--slurm", "--partition", "nowhere")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--slurm: sbatch refuses", done.stderr)
        self.assertIn("invalid partition", done.stderr)


if __name__ == "__main__":
    unittest.main()
