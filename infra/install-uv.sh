#!/bin/sh
# Install uv into the folder given, with nothing but Python: by pip where there is one, else by the pip that Python
# carries inside. A target folder leaves the system's packages alone, which is why a managed Python allows it.
set -eu
target=$1
python=python3
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "Python 3.11 or newer is needed; $("$python" --version) was found." >&2
    exit 1
}
if "$python" -m pip --version >/dev/null 2>&1; then
    "$python" -m pip install --quiet --upgrade --target "$target" uv
elif "$python" -m venv "$target/venv" >/dev/null 2>&1; then
    "$target/venv/bin/pip" install --quiet uv
    mkdir -p "$target/bin"
    ln -sf ../venv/bin/uv "$target/bin/uv"
else
    echo "This Python has neither pip nor venv: install python3-pip (or uv: https://docs.astral.sh/uv) and try again." >&2
    exit 1
fi
