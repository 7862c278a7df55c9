//! What each command says of itself: `deskbell help`, and `deskbell COMMAND --help`.

/// One command.
pub(super) struct Help {
    pub(super) name: &'static str,
    /// What it does, on one line of the list.
    line: &'static str,
    /// How it is used, with examples.
    text: &'static str,
}

/// In the order of a box's life.
pub(super) const COMMANDS: &[Help] = &[
    Help {
        name: "demo",
        line: "a box with a demo desk, a shop page and accounts, ready at once",
        text: "\
deskbell demo [--listen ADDRESS] [--data DIR] [--desk FILE] [--clock-speed N] [--wall-clock TIME]
              [--profile NAME]

Starts a box for looking, drills and tests. Accounts and addresses are printed.

  --listen ADDRESS     where it listens; 127.0.0.1:8443 unless said
  --data DIR           where it keeps everything; a fresh temporary folder unless said
  --desk FILE          another desk than the demo's, for a folder that has none yet
  --clock-speed N      1 to 1000: the product's clock runs that many times as fast
  --wall-clock TIME    where that clock starts, such as 2026-11-21T09:00:00Z
  --profile NAME       how much fits, such as board-512m; the product's own limits unless said
  --log LEVEL          error, warn, info or debug
  --listen-sip ADDRESS speaks SIP there with PBXs on this machine
  --record-mib N       records what the desk is told, for `deskbell replay`: at most N MiB

    deskbell demo --data /tmp/try --clock-speed 60
",
    },
    Help {
        name: "serve",
        line: "the appliance; systemd starts this",
        text: "\
deskbell serve --config deskbell.toml

Runs the box that the file describes; `deskbell help settings` prints that file, each key explained. It serves the sockets systemd hands it, or else those the file names. A box without staff writes
a set-up code into its log and into DIR/setup-code; https://NAME/admin/ asks for it.

    deskbell serve --config /etc/deskbell/deskbell.toml
",
    },
    Help {
        name: "relay",
        line: "makes the box's outbound calls; systemd starts this beside the box",
        text: "\
deskbell relay --socket PATH [--log LEVEL] [--until stdin]

Sends text messages, Messenger messages and signed calls for the box behind the socket: a process of its own, with
the network and without a store. It may be stopped and started at any time. `demo` starts one by itself.

  --socket PATH        DIR/relay.sock, or /run/deskbell/relay.sock under systemd
  --log LEVEL          error, warn, info or debug
  --until stdin        ends when its standard input does

SSL_CERT_FILE names the authorities it trusts; /etc/ssl/certs/ca-certificates.crt unless said.
",
    },
    Help {
        name: "desk",
        line: "checks, writes out or applies the desk: who works here, what arrives, how it is shared out",
        text: "\
deskbell desk check FILE
deskbell desk export --data DIR
deskbell desk apply FILE --data DIR

check lists every fault of a desk file, one a line, and touches nothing. export writes the desk in force,
without passwords. apply puts a file in force at once; what it leaves out of passwords is kept; with one fault
nothing is changed. Both work on a running box too.

    deskbell desk export --data /var/lib/deskbell >desk.toml
    deskbell desk check desk.toml
    deskbell desk apply desk.toml --data /var/lib/deskbell
",
    },
    Help {
        name: "user",
        line: "accounts of the staff: add, password, totp",
        text: "\
deskbell user add NAME --data DIR [--name SHOWN] [--roles agent,supervisor,admin]
deskbell user password NAME --data DIR
deskbell user totp NAME --data DIR [--off]

add and password read the password from one line of standard input, so that it stands in no list of processes.
totp sets up one-time codes for somebody and prints the secret for her authenticator and her recovery codes,
once; --off takes them away, for somebody who has lost both. Whoever was signed in as NAME is signed out.
All of it is written into the audit log as done by `local root`.

    deskbell user add eva --name 'Eva de Wit' --roles agent,supervisor --data /var/lib/deskbell <password.txt
    deskbell user totp eva --off --data /var/lib/deskbell
",
    },
    Help {
        name: "backup",
        line: "everything in one file, while the box works",
        text: "\
deskbell backup --to FILE --data DIR [--keep DAYS] [--passphrase-file FILE | --key-file FILE]
deskbell backup make-key FILE

Writes one consistent file and reads it back before it gets its name; a file of that name is replaced only then.
--keep says how long you mean to keep it: an erasure of somebody's data then tells until when the file holds it.

Sealed with a passphrase (12 characters or more; - reads it from standard input) or a key file nobody else reads
it. Keep the key away from the box: without it the backup is lost. Under systemd the credential `backup.key` is
used when there is one. Unsealed it holds every conversation and every password's hash: keep it as you keep keys.

    deskbell backup make-key /root/deskbell.key
    deskbell backup --data /var/lib/deskbell --to /mnt/usb/monday.backup --key-file /root/deskbell.key --keep 7
",
    },
    Help {
        name: "replay",
        line: "a recorded day's decisions again, or those another desk would have made",
        text: "\
deskbell replay FILE [--desk FILE]

Takes what the desk was told (record_mib in deskbell.toml; DIR/inputs.record) and prints every decision with who
was weighed and what settled it. It must come to what was recorded, and says so; anything else ends with 70.

  --desk FILE          what if: the same day with this desk. What somebody did with a conversation is done by
                       whoever has it there; at the end stands who would have been asked first instead.

    deskbell replay /var/lib/deskbell/inputs.record
    deskbell replay /var/lib/deskbell/inputs.record --desk more-people.toml
",
    },
    Help {
        name: "restore",
        line: "a backup into an empty directory, or over what is there",
        text: "\
deskbell restore --from FILE --data DIR [--replace] [--passphrase-file FILE | --key-file FILE]

The whole file is verified before anything is touched. Without --replace the directory must hold no store. With
it what is there is kept aside until the box has started on the backup, and comes back if it does not start.
A running box restarts from it by itself.

    systemctl stop deskbell
    deskbell restore --from /mnt/usb/monday.backup --data /var/lib/deskbell --replace
    systemctl start deskbell
",
    },
    Help {
        name: "doctor",
        line: "looks at the box and says what to do",
        text: "\
deskbell doctor --data DIR [--config deskbell.toml]
deskbell doctor --write-anew --data DIR

Checks certificate, clock, disk and its wear, memory against the board, ports, permissions, backups, encryption.
Each line says what it saw: `ok`, `look` for what somebody should see to, `bad` for what is broken, and what to
do about it. It works beside a running box and without one. Exit code 0: nothing is bad; 1: something is.

--write-anew is for a stopped box after somebody's data was erased: it writes the state anew and overwrites the old
one. A start does that by itself for a state of up to 512 MiB; this takes as long as it takes.

    deskbell doctor --data /var/lib/deskbell --config /etc/deskbell/deskbell.toml
",
    },
];

/// The list of all commands.
pub(super) fn all() -> String {
    let mut text = "deskbell: the desk bell of a branch office\n\n".to_owned();
    for command in COMMANDS {
        text.push_str(&format!("  {:<9} {}\n", command.name, command.line));
    }
    text.push_str(
        "\n`deskbell COMMAND --help` says how each is used. desk, user, backup, restore and doctor take --data DIR\n\
         and talk to the box that runs on it, or else work on the directory itself.\n",
    );
    text
}

/// What one command says.
pub(super) fn of(name: &str) -> Option<&'static str> {
    COMMANDS.iter().find(|command| command.name == name).map(|command| command.text)
}
