"""A real Spark cluster on this machine: a master and two workers, each a process of its own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyspark

SPARK_CLASS = Path(pyspark.__file__).parent / "bin" / "spark-class"
HOST = "127.0.0.1"
#: Processes that live for seconds: code compiled once and lightly, one thread for the garbage.
SHORT_LIVED = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto"


def free_port() -> int:
    with socket.socket() as found:
        found.bind((HOST, 0))
        return int(found.getsockname()[1])


@dataclass
class Cluster:
    """A standalone cluster; every process leads a group of its own, executors in their worker's.

    What its processes write is in folders of its own: who is killed does not clear up.
    """

    folder: Path
    port: int = field(default_factory=free_port)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"spark://{HOST}:{self.port}"

    @property
    def scratch(self) -> Path:
        """Where the master, the workers and their executors write."""
        return self.folder / "scratch"

    @property
    def driver_scratch(self) -> Path:
        """Where sessions write."""
        return self.folder / "driver"

    def left(self) -> list[str]:
        """Return the folders of Spark that are there."""
        return [str(path) for kind in ("spark-*", "blockmgr-*") for path in self.folder.rglob(kind)]

    def start(self) -> None:
        master = "org.apache.spark.deploy.master.Master"
        self._run("master", master, "--host", HOST, "--port", str(self.port), "--webui-port", "0")
        wait_until(self._listens, seconds=120, what="the master")
        for k in (1, 2):
            self.start_worker(f"worker{k}")

    def start_worker(self, name: str) -> None:
        worker = "org.apache.spark.deploy.worker.Worker"
        given = ("--cores", "1", "--memory", "1g", "--host", HOST, "--webui-port", "0")
        self._run(name, worker, *given, "--work-dir", str(self.folder / name), self.url)

    def kill(self, name: str) -> None:
        """End a process and what it started, without a word of warning."""
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        for name in list(self.processes):
            self.kill(name)
        shutil.rmtree(self.scratch, ignore_errors=True)

    def _run(self, name: str, *command: str) -> None:
        self.scratch.mkdir(exist_ok=True)
        env = {
            **os.environ,
            "SPARK_DAEMON_MEMORY": "192m",
            "SPARK_LOCAL_IP": HOST,
            "SPARK_LOCAL_DIRS": str(self.scratch),
            "JAVA_TOOL_OPTIONS": f"{SHORT_LIVED} -Djava.io.tmpdir={self.scratch}",
        }
        with (self.folder / f"{name}.log").open("wb") as log:
            self.processes[name] = subprocess.Popen(
                [str(SPARK_CLASS), *command],
                stdout=log,
                stderr=log,
                env=env,
                start_new_session=True,
            )

    def _listens(self) -> bool:
        with socket.socket() as asked:
            return asked.connect_ex((HOST, self.port)) == 0

    def session(self, **more: str) -> Any:
        """Return a session whose work is done by the workers' executors."""
        from pyspark.sql import SparkSession

        self.driver_scratch.mkdir(exist_ok=True)
        os.environ["PYSPARK_PYTHON"] = sys.executable
        os.environ["SPARK_LOCAL_IP"] = HOST
        settings = {
            "spark.driver.host": HOST,
            "spark.driver.bindAddress": HOST,
            "spark.driver.memory": "1g",
            "spark.executor.memory": "1g",
            "spark.executor.cores": "1",
            "spark.ui.enabled": "false",
            "spark.sql.shuffle.partitions": "2",
            "spark.ui.showConsoleProgress": "false",
            "spark.local.dir": str(self.driver_scratch),
            "spark.driver.extraJavaOptions": (
                f"{SHORT_LIVED} -Djava.io.tmpdir={self.driver_scratch}"
            ),
            **more,
        }
        builder = SparkSession.builder.appName("mih_impact").master(self.url)
        for name, value in settings.items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
        session.sparkContext.setLogLevel("OFF")
        wait_until(lambda: executors(session) == 2, seconds=120, what="two executors")
        return session


def executors(session: Any) -> int:
    """Return how many executors the session has; the driver is one more in Spark's count."""
    return int(session.sparkContext._jsc.sc().getExecutorMemoryStatus().size()) - 1


def wait_until(true: Any, *, seconds: float, what: str) -> None:
    until = time.monotonic() + seconds
    while not true():
        if time.monotonic() > until:
            raise TimeoutError(f"{what} did not come within {seconds} seconds")
        time.sleep(0.05)
