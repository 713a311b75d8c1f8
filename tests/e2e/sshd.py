"""A real sshd on a port of its own, with its own keys: who logs in, with which key, as whom."""

import os
import pwd
import shlex
import shutil
import socket
import subprocess
import time
from pathlib import Path

PROGRAM = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")


class Server:
    """An sshd of the user who runs the tests; he may log in with the keys that are let in.

    folder: for its files. port: on the loopback. log: what it says.
    """

    def __init__(self, folder: Path) -> None:
        assert PROGRAM, "sshd is missing: apt-get install openssh-server"
        self.folder, self.port = folder, free_port()
        self.user = pwd.getpwuid(os.geteuid()).pw_name
        self.key("host")
        (folder / "allowed").touch()
        lines = {
            "Port": self.port,
            "ListenAddress": "127.0.0.1",
            "HostKey": folder / "host",
            "AuthorizedKeysFile": folder / "allowed",
            "PidFile": "none",
            "StrictModes": "no",
            "UsePAM": "no",
            "PasswordAuthentication": "no",
            "KbdInteractiveAuthentication": "no",
            "PermitRootLogin": "yes",
            "PermitUserEnvironment": "no",
        }
        config = folder / "config"
        config.write_text("".join(f"{name} {value}\n" for name, value in lines.items()))
        if not os.geteuid():
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # its own, made when it is installed
        self.log = folder / "log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "-D", "-e", "-f", str(config)], stdin=subprocess.DEVNULL, stderr=log
            )
        self._wait()
        host = (folder / "host.pub").read_text()
        (folder / "known").write_text(f"[127.0.0.1]:{self.port} {host}")

    def _wait(self) -> None:
        for _ in range(400):
            assert self.process.poll() is None, self.log.read_text()
            with socket.socket() as probe:
                if not probe.connect_ex(("127.0.0.1", self.port)):
                    return
            time.sleep(0.025)
        raise AssertionError(f"sshd does not listen: {self.log.read_text()}")

    def close(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait()

    def key(self, name: str) -> Path:
        """A new key pair."""
        path = self.folder / name
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(path)]
        subprocess.run(command, check=True)
        return path

    def let_in(self, key: Path, uid: int | None = None, *groups: int) -> None:
        """Let in whoever has a key; what he runs, he runs as that user, in those groups."""
        public = key.with_name(f"{key.name}.pub").read_text()
        options = "restrict"
        if uid is not None:
            in_groups = f"--groups {','.join(map(str, groups))}" if groups else "--clear-groups"
            become = f"setpriv --reuid {uid} --regid {uid} {in_groups}"
            options += f',command="exec {become} $SSH_ORIGINAL_COMMAND"'
        with (self.folder / "allowed").open("a") as file:
            file.write(f"{options} {public}")

    def rsh(self, key: Path) -> str:
        """The ssh command for a key, without the port."""
        options = {
            "IdentityFile": key,
            "IdentitiesOnly": "yes",
            "IdentityAgent": "none",
            "UserKnownHostsFile": self.folder / "known",
            "GlobalKnownHostsFile": "/dev/null",
            "StrictHostKeyChecking": "yes",
            "BatchMode": "yes",
        }
        return shlex.join(
            ["ssh", "-F", "none", *(f"-o{name}={value}" for name, value in options.items())]
        )


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
