# shellcheck shell=bash
# Stands in for programs of Linux that macOS lacks: Perl is on both. Where the program is there, it is used.

# timeout SECONDS CMD...: ends CMD by SIGALRM when the time is over.
command -v timeout >/dev/null 2>&1 || timeout() { perl -e 'alarm shift; exec @ARGV or exit 127' "$@"; }

# flock -n FD | flock -w SECONDS FD: locks what this shell has open as FD, until the shell closes it.
command -v flock >/dev/null 2>&1 || flock() {
  local seconds=0
  case $1 in -n) shift ;; -w) seconds=$2; shift 2 ;; esac
  perl -MFcntl=:flock -e '
    my ($fd, $seconds) = @ARGV;
    open my $lock, ">>&=", $fd or exit 1;
    for (my $waited = 0; ; $waited++) {
      exit 0 if flock $lock, LOCK_EX | LOCK_NB;
      exit 1 if $waited >= $seconds;
      sleep 1;
    }' "$1" "$seconds"
}

command -v sha256sum >/dev/null 2>&1 || sha256sum() { shasum -a 256 "$@"; }
