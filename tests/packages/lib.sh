# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What tests/packages/apt and make share: a fresh Debian, what is in it, and guests that
# boot it. Source it and call fresh_root SUITE first. It sets:
#   results  the folder of this part
#   root     the Debian, a copy that it may change
#   old      its kernel
#   archive  of make dist
#   version  that all should have
#
# shellcheck source=../vm/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../vm/lib.sh"
cd "$top" || exit
# shellcheck source=../unit/results.sh
. tests/unit/results.sh

results=$top/build/packages/$(basename "$0")
# shellcheck disable=SC2034 # for those who source this
archive=$(< build/packages/archive)
version=$(< VERSION)
mkdir -p "$results"
# Whatever goes wrong outside a test ends all of it
trap 'echo "Bail out! $0, line $LINENO"' ERR

fresh_root()
{
	local made status=0
	made=$(tests/kernels/root "$1/system") || status=$?
	if ((status == 77)); then
		skip "packages and installing on $1" "not in the archive"
		tap_end
	fi
	((!status)) || die 2 "no root of $1"
	root=$results/root
	as_root cp -a --reflink=auto "$made" "$root"
	# With manuals and documentation, as everybody has them
	as_root rm -f "$root/etc/dpkg/dpkg.cfg.d/99mmdebstrap"
	old=$(basename "$root"/boot/vmlinuz-*)
	old=${old#vmlinuz-}
	debs=$cache/roots/apt/$1-system/archives
	in_system sh -euc '
		echo "APT::Keep-Downloaded-Packages true; APT::Sandbox::User root;" \
			> /etc/apt/apt.conf.d/50kept
		apt-get update
		# As whoever writes programs has them
		apt-get install -y --no-install-recommends gcc libc6-dev make pkgconf
		useradd --create-home lab
		useradd --create-home stranger' > "$results/fresh.log" 2>&1
	remember_files
}

# in_system COMMAND...: as its root, with the network, and with the packages that were
# downloaded before
in_system()
{
	enter_root "$root" 0:0 "$top" /etc/resolv.conf "$debs:/var/cache/apt/archives" -- \
		env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive INITRD=No "$@"
}

apt()
{
	in_system apt-get -y --no-install-recommends -o DPkg::Lock::Timeout=60 "$@"
}

# ---- what is there -----------------------------------------------------------------

# Every file that stays, the project's own folder aside
list_files()
{
	(cd "$root" && as_root find . -xdev \( -path ./proc -o -path ./sys -o -path ./dev \
		-o -path ./run -o -path ./tmp -o -path ./var/cache -o -path ./var/log \
		-o -path ./var/lib/apt -o -path ./var/lib/dpkg -o -path "./${top#/}" \
		-o -path ./kernels \) -prune -o -print) | sort
}

# The configuration, byte for byte
sums()
{
	(cd "$root" && as_root find etc -type f ! -name '*-' ! -name ld.so.cache \
		-exec sha256sum {} +) | sort -k 2
}

# Which program goes by a name that several packages have
no_alternatives()
{
	local file
	while read -r file; do
		[[ $file == ./etc/alternatives/* ||
		   $(readlink "$root/$file") == /etc/alternatives/* ]] || echo "$file"
	done
}

remember_files()
{
	list_files > "$results/before"
	sums > "$results/sums.before"
}

# left_over: files that nothing accounts for, compared with what was there before: neither
# a package that is there now, nor the kernel, nor DKMS, whose key is the machine's
left_over()
{
	list_files > "$results/after"
	as_root cat "$root"/var/lib/dpkg/info/*.list |
		sed -E 's|^/(bin\|sbin\|lib[0-9a-z]*)/|/usr/\1/|; s|^|.|' | sort -u \
		> "$results/owned"
	comm -13 "$results/before" "$results/after" | comm -23 - "$results/owned" |
		grep -vE -e '^\./usr/lib/modules/[^/]+/modules\.' -e '^\./boot/' \
			-e '^\./(vmlinuz|initrd\.img)(\.old)?$' \
			-e '^\./var/lib/dkms(/mok\..*|/dkms_dbversion)?$' \
			-e '/__pycache__(/|$)' | no_alternatives > "$results/left" || :
	# By name, wherever; in /proc of the guest's time there was none
	as_root find "$root" -xdev \( -iname '*ced1401*' -o -name cedusb \) \
		-not -path "$root$top*" -not -path "$root/var/cache/*" \
		-not -path "$root/var/log/*" >> "$results/left"
	as_root grep -rlI --exclude='*-old' --exclude='*-' ced1401 "$root/etc" "$root/var/lib/dpkg" >> "$results/left" || :
	cat "$results/left"
}

nothing_left()
{
	local found
	found=$(left_over)
	[[ ! $found ]] || { echo "$found"; return 1; }
	# Nor in the files that were there before
	sums > "$results/sums.after"
	found=$(join -1 2 -2 2 "$results/sums.before" "$results/sums.after" |
		awk '$2 != $3 { print $1 }')
	[[ ! $found ]] || { echo "changed: $found"; return 1; }
}

# What each part says of itself; PREFIX is where it was installed
all_have_the_version()
{
	local prefix=$1 found
	found=$(in_system sh -c "
		$prefix/bin/ced1401 --version
		modinfo -k $old -F version ced1401_isa
		pkg-config --modversion libced1401
		python3 -c 'import ced1401; print(ced1401.__version__)'
		python3 -c 'import importlib.metadata as m; print(m.version(\"ced1401\"))'")
	echo "$found"
	[[ $(grep -cE "^(ced1401 )?${version//./\\.}\$" <<< "$found") == 5 ]]
}

# Of the command, of a function, of the device
manuals_are_found()
{
	local page
	for page in '1 ced1401' '3 libced1401' '3 ced1401_stream_acquire' '4 ced1401'; do
		# shellcheck disable=SC2086 # two words
		in_system man -w $page || return 1
	done
	in_system man -P cat 3 ced1401_stream_acquire > "$results/page" &&
	grep -i 'borrow the oldest' "$results/page"
}

completions_are_there()
{
	bash -n "$root$1/share/bash-completion/completions/ced1401" &&
	[[ -s $root$1/share/zsh/vendor-completions/_ced1401 &&
	   -s $root$1/share/fish/vendor_completions.d/ced1401.fish ]]
}

# A program of the documentation, with what was installed
a_program_builds()
{
	cp examples/library.c "$results/library.c"
	# shellcheck disable=SC2016 # the root's shell
	in_system sh -euc 'cd "$1" && gcc -Wall -o library library.c \
		$(pkg-config --cflags --libs libced1401) &&
		printf "#include <linux/ced1401.h>\n" | gcc -fsyntax-only -x c -' - "$results"
}

# module_is_built KERNEL
module_is_built()
{
	in_system dkms status -m ced1401
	[[ $(in_system dkms status -m ced1401 -v "$version" -k "$1") == *': installed'* ]] &&
	[[ $(in_system modinfo -k "$1" -F filename ced1401_isa) == */updates/dkms/* ]]
}

# DKMS's own key, for machines with Secure Boot
module_is_signed()
{
	[[ $(in_system modinfo -k "$old" -F signer ced1401_isa) == *DKMS* ]]
}

# pretend_secure_boot 1|0: what the firmware of such a machine tells
pretend_secure_boot()
{
	local folder=$root/sys/firmware/efi/efivars
	as_root mkdir -p "$folder"
	printf '\6\0\0\0%b' "\\$1" | as_root tee \
		"$folder/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c" > /dev/null
}

end_of_secure_boot()
{
	as_root rm -rf "${root:?}/sys/firmware"
}

# ---- guests -----------------------------------------------------------------------

make_recording()
{
	gcc -std=gnu11 -O1 -Iinclude/uapi -Itests/cases -o "$results/recording" \
		tests/cases/recording.c tests/cases/common.c -lcmocka
	"$results/recording" "$results/recording.wav"
}

# boot NAME KERNEL PHASE: a guest of this root, and its results among ours
boot()
{
	local status=0
	mkdir -p "$results/$1"
	chmod 1777 "$results/$1"
	tests/vm/run --system "$root" --kernel "$2" --timeout 1500 --log "$results/$1/log" \
		--card "adc=$results/recording.wav" -- tests/packages/guest "$3" \
		"$results" "$results/$1" > "$results/$1/tap" 2> "$results/$1/errors" \
		< /dev/null || status=$?
	((status < 2)) || sed 's/^/# /' "$results/$1/errors"
	tap_results "$1, $2" "$results/$1/tap" "$status"
}

# The newest kernel of the suite in place of the one that it came with; sets new
upgrade_kernel()
{
	apt install linux-image-amd64 linux-headers-amd64 &&
	new=$(in_system sh -c 'ls -v /boot/vmlinuz-* | tail -n 1') &&
	new=${new#/boot/vmlinuz-} &&
	[[ $new != "$old" ]]
}
