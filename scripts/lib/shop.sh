# shellcheck shell=bash
# The folders that every script works in, and the parts they share. Sourced first, from the repository's root.

ROOT=$PWD
case ${CARGO_TARGET_DIR:=$ROOT/target} in /*) ;; *) CARGO_TARGET_DIR=$ROOT/$CARGO_TARGET_DIR ;; esac
case ${SHOP_TOOLS_DIR:=$ROOT/.tools} in /*) ;; *) SHOP_TOOLS_DIR=$ROOT/$SHOP_TOOLS_DIR ;; esac
export CARGO_TARGET_DIR SHOP_TOOLS_DIR
TOOLS=$SHOP_TOOLS_DIR
LOGS=$CARGO_TARGET_DIR/logs
PATH=$TOOLS/bin:$PATH

. scripts/lib/steps.sh
. scripts/lib/machine.sh
. scripts/lib/tools.sh
. scripts/lib/site.sh
