"""The script of every Glue job: unpack the project's code, and run one step of it in a Python of its own.

Data flow: arguments -> code.zip of the bucket with the artifacts -> `python -m aws.steps <step>` -> its last
line, which is the message of a job that failed. Glue's own packages are here, the step's in the lock.
"""

import io
import os
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

import boto3

# Glue's Spark has a pyspark of its own, which would hide ours.
HIDDEN = ("PYTHONPATH", "PYTHONHOME")


def argument(name: str) -> str:
    """Return an argument: Glue has it as `--name value`, an emulator as a variable; empty for none."""
    if f"--{name}" in sys.argv:
        return sys.argv[sys.argv.index(f"--{name}") + 1]
    return os.environ.get(name, "")


def unpack(bucket: str, folder: str) -> None:
    """Unpack the code of the bucket into the folder."""
    code = boto3.client("s3").get_object(Bucket=bucket, Key="code.zip")["Body"].read()
    zipfile.ZipFile(io.BytesIO(code)).extractall(folder)


def interpreter(folder: Path) -> Path:
    """Return a Python with the packages of the lock: this one where it has them, else one that is made."""
    if argument("packages") == "present":
        return Path(sys.executable)
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", "-r", folder / "aws" / "requirements.txt"]
    subprocess.run(install, check=True)
    return python


def run(python: Path, folder: str) -> tuple[int, str]:
    """Run the step; return its exit code, and the last line that it printed."""
    env = {name: value for name, value in os.environ.items() if name not in HIDDEN}
    env |= {"LAKE": argument("lake"), "LANDING": argument("landing")}
    env["AWS_DEFAULT_REGION"] = argument("region")
    command = [python, "-m", "aws.steps", *argument("step").split()]
    last = ""
    with subprocess.Popen(
        command, cwd=folder, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as step:
        for line in step.stdout:
            sys.stdout.write(line)
            last = line.strip() or last
    return step.returncode, last


def main() -> None:
    """Run the step that the arguments name; end with its last line where it failed."""
    with tempfile.TemporaryDirectory() as folder:
        unpack(argument("artifacts"), folder)
        code, last = run(interpreter(Path(folder)), folder)
    if code:
        sys.exit(last)


if __name__ == "__main__":
    main()
