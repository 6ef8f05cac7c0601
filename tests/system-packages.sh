#!/bin/sh
# What the tests need beyond Python: a browser to look at the report, a font with Chinese characters, venv,
# PostgreSQL's server programs, and an office program that recalculates workbooks.
# Installs what is missing where the user is root and apt-get is there; otherwise says what to install.
# Exit 0: all present. Exit 1: something is missing.
set -u

have_browser() {
    for name in chromium chromium-browser google-chrome; do
        command -v "$name" >/dev/null 2>&1 && return 0
    done
    return 1
}

have_font() {
    if command -v fc-list >/dev/null 2>&1; then
        [ -n "$(fc-list :lang=zh family 2>/dev/null | head -n 1)" ]
    else
        [ -n "$(find /usr/share/fonts -iname '*CJK*' 2>/dev/null | head -n 1)" ]
    fi
}

have_venv() {
    python3 -c 'import ensurepip, venv' >/dev/null 2>&1
}

have_postgres() {
    folder=$(pg_config --bindir 2>/dev/null) && [ -x "$folder/initdb" ]
}

have_office() {
    command -v soffice >/dev/null 2>&1
}

missing() {
    have_browser || printf ' chromium'
    have_font || printf ' fonts-noto-cjk'
    have_venv || printf ' python3-venv'
    have_postgres || printf ' postgresql'
    have_office || printf ' libreoffice-calc-nogui libreoffice-writer-nogui'
}

wanted=$(missing)
[ -z "$wanted" ] && exit 0

if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing:$wanted"
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086 # the list is meant to be split
    apt-get update -qq && apt-get install -y -qq --no-install-recommends $wanted >/dev/null
    wanted=$(missing)
    [ -z "$wanted" ] && exit 0
fi

echo "The tests need these packages:$wanted" >&2
echo "On Debian or Ubuntu: sudo apt-get install$wanted" >&2
exit 1
