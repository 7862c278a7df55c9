"""Runs inside the booted guest as its trial.service: one phase per boot, a line per step in /trial/results.

`ok NAME` or `FAILED NAME: why`. A step that fails does not keep the others from being tried; what the host
expects and does not find counts as failed there.
"""

import base64
import ctypes
import json
import os
import pwd
import re
import socket
import ssl
import stat
import subprocess
import sys
import threading
import time
import traceback

STATE = "/var/lib/deskbell"
RESULTS = "/trial/results"
MEMORY = "/trial/memory.json"
NAME = "deskbell.local"


def run(*command, check=True):
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: exit {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout.strip()


def show(unit, key):
    return run("systemctl", "show", "--value", "-p", key, unit)


def expect(true, why):
    if not true:
        raise AssertionError(why)


def until(true, seconds, why):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {why}")


# ── a browser of few words ──


def trust():
    folder = f"{STATE}/tls"
    names = [n for n in os.listdir(folder) if n.startswith("ca") and n.endswith((".crt", ".pem")) and "key" not in n]
    expect(names, "there is no certificate authority yet")
    return ssl.create_default_context(cafile=f"{folder}/{names[0]}")


def tls(port=443):
    raw = socket.create_connection(("127.0.0.1", port), timeout=30)
    return trust().wrap_socket(raw, server_hostname=NAME)


def http(path, port=443, method="GET", body=None, headers=(), plain=False):
    line = socket.create_connection(("127.0.0.1", port), timeout=30) if plain else tls(port)
    with line:
        body = b"" if body is None else body.encode()
        head = [f"{method} {path} HTTP/1.1", f"Host: {NAME}", "Connection: close", f"Content-Length: {len(body)}"]
        head += [f"{name}: {value}" for name, value in headers]
        line.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + body)
        answer = b""
        while True:
            try:
                piece = line.recv(65536)
            except (ssl.SSLError, ConnectionError):
                break
            if not piece:
                break
            answer += piece
    expect(answer.startswith(b"HTTP/1.1 "), f"no answer in http on {port}: {answer[:40]!r}")
    head, _, rest = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1]), head.decode(errors="replace"), rest


class Socket:
    """A WebSocket: text frames out, masked; whole text frames in."""

    def __init__(self, path, port, headers=()):
        self.line = tls(port)
        self.buffer = b""
        key = base64.b64encode(os.urandom(16)).decode()
        head = [f"GET {path} HTTP/1.1", f"Host: {NAME}", "Upgrade: websocket", "Connection: Upgrade",
                f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Protocol: deskbell.v1"]
        head += [f"{name}: {value}" for name, value in headers]
        self.line.sendall("\r\n".join(head).encode() + b"\r\n\r\n")
        while b"\r\n\r\n" not in self.buffer:
            self.more()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        expect(b" 101 " in head.split(b"\r\n")[0], head.decode(errors="replace"))
        self.id = 0

    def more(self):
        piece = self.line.recv(65536)
        expect(piece, "the socket was closed")
        self.buffer += piece

    def send(self, t, **fields):
        self.id += 1
        self.frame(1, json.dumps({"t": t, "id": self.id, **fields}).encode())
        return self.id

    def frame(self, opcode, body):
        mask = os.urandom(4)
        size = bytes([0x80 | len(body)]) if len(body) < 126 else b"\xfe" + len(body).to_bytes(2, "big")
        masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(body))
        self.line.sendall(bytes([0x80 | opcode]) + size + mask + masked)

    def next(self):
        text = b""
        while True:
            while len(self.buffer) < 2:
                self.more()
            opcode, size, start = self.buffer[0] & 15, self.buffer[1] & 127, 2
            if size > 125:
                start = 4 if size == 126 else 10
                while len(self.buffer) < start:
                    self.more()
                size = int.from_bytes(self.buffer[2:start], "big")
            while len(self.buffer) < start + size:
                self.more()
            last, body = self.buffer[0] & 0x80, self.buffer[start:start + size]
            self.buffer = self.buffer[start + size:]
            if opcode == 9:
                self.frame(10, body)
            elif opcode in (0, 1):
                text += body
                if last:
                    return json.loads(text)
            elif opcode == 8:
                raise AssertionError(f"closed: {body!r}")

    def until(self, true, why):
        self.line.settimeout(30)
        for _ in range(200):
            frame = self.next()
            if true(frame):
                return frame
        raise AssertionError(f"did not come: {why}")

    def ask(self, t, **fields):
        id = self.send(t, **fields)
        answer = self.until(lambda frame: frame.get("re") == id, f"the answer to {t}")
        expect(answer["t"] != "error", f"{t}: {answer}")
        return answer


def agent():
    status, _, body = http("/api/v1/login", method="POST", body=json.dumps(
        {"username": "alice", "password": "alice-demo-pass"}), headers=[("Content-Type", "application/json")])
    expect(status == 200, f"login: {status} {body!r}")
    desk = Socket("/ws/agent", 443, [("Authorization", f"Bearer {json.loads(body)['token']}")])
    desk.until(lambda frame: frame["t"] == "welcome", "the agent's welcome")
    return desk


def customer(resume=None):
    desk = Socket("/ws/customer?widget=shop", 8443)
    welcome = desk.ask("hello", **({"resume": resume} if resume else {}))
    return desk, welcome


def talk(text):
    """A customer writes, it is acknowledged; what is needed to ask for it again is kept on disk."""
    staff = agent()
    staff.ask("presence", status="available")
    who, welcome = customer()
    who.ask("start", name="Guest")
    seq = who.ask("message", client_id="1", text=text)["seq"]
    keep = {"resume": welcome["resume"], "text": text, "seq": seq}
    with open(MEMORY, "w") as file:
        json.dump(keep, file)


def still_there():
    with open(MEMORY) as file:
        keep = json.load(file)
    _, welcome = customer(keep["resume"])
    found = [m for m in welcome["messages"] if m["seq"] == keep["seq"] and m["text"] == keep["text"]]
    expect(len(found) == 1, f"acknowledged and not there: {keep['text']}, but {welcome['messages']}")


# ── looking at the service ──


def pid():
    return int(show("deskbell.service", "MainPID"))


def status_of(process):
    with open(f"/proc/{process}/status") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def active(unit="deskbell.service"):
    return run("systemctl", "is-active", unit, check=False) == "active"


def serves():
    try:
        return http("/healthz")[0] in (200, 503)
    except (OSError, AssertionError):
        return False


def journal(pattern):
    return re.search(pattern, run("journalctl", "--no-pager", "-o", "cat", "-b"))


def seen_from_within(question):
    """The answer of `question()`, asked as the service's user in the service's mount namespace."""
    process, user = pid(), pwd.getpwnam("deskbell")
    root = os.open(f"/proc/{process}/ns/mnt", os.O_RDONLY)
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            expect(ctypes.CDLL(None, use_errno=True).setns(root, 0) == 0, f"setns: {ctypes.get_errno()}")
            os.setgroups([])
            os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
            os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)
            answer = question()
        except BaseException as error:
            answer = {"error": repr(error)}
        os.write(into, json.dumps(answer).encode())
        os._exit(0)
    os.close(into)
    text = b""
    while piece := os.read(out, 65536):
        text += piece
    os.waitpid(child, 0)
    return json.loads(text)


def writable_places():
    found = []
    for folder, folders, files in os.walk("/"):
        if folder == "/":
            # Kernel's views: their own rules (ProtectKernelTunables=, ProcSubset=) and no place to keep anything.
            folders[:] = [name for name in folders if name not in ("proc", "sys")]
        if os.access(folder, os.W_OK):
            found.append(folder)
        for name in files:
            path = os.path.join(folder, name)
            if not os.path.islink(path) and os.access(path, os.W_OK):
                kind = os.lstat(path).st_mode
                # Devices such as null, and sockets one may talk to, keep nothing.
                if stat.S_ISREG(kind):
                    found.append(path)
    return found


# ── steps ──


def unpacks_enables_and_starts():
    os.makedirs("/etc/credstore", exist_ok=True)
    for name in ("public.crt", "public.key"):
        os.chmod("/etc/credstore", 0o700)
        with open(f"/trial/{name}") as given, open(f"/etc/credstore/{name}", "w") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(given.read())
    with open("/etc/credstore/providers", "w") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write("twilio = a secret of the image's\n")
    run("dpkg", "-i", "/trial/old.deb")
    for unit in ("deskbell.service", "deskbell-staff.socket", "deskbell-public.socket", "deskbell-redirect.socket",
                 "deskbell-admin.socket", "deskbell-backup.timer"):
        expect(run("systemctl", "is-enabled", unit, check=False) == "enabled", f"{unit} is not enabled")
        expect(active(unit), f"{unit}: {show(unit, 'ActiveState')} {show(unit, 'Result')}")


def says_ready_and_serves():
    # Type=notify: the unit is active only once the box has said so.
    expect(active(), "not active")
    expect(journal(r"ready https://"), "no ready line in the journal")
    expect(http("/healthz")[0] in (200, 503), "no health")


def has_the_admins_door():
    info = os.stat("/run/deskbell/admin.sock")
    expect(stat.S_ISSOCK(info.st_mode) and stat.S_IMODE(info.st_mode) == 0o600, oct(info.st_mode))
    expect(pwd.getpwuid(info.st_uid).pw_name == "deskbell", "not the service's")
    expect(os.readlink(f"{STATE}/admin.sock") == "/run/deskbell/admin.sock", "the link is missing")
    run("deskbell", "desk", "apply", "--data", STATE, "/trial/desk.toml")
    until(serves, 20, "the box with its desk")


def keeps_its_two_faces_apart():
    expect(http("/agent/")[0] == 200, "the staff's door shows no desktop")
    expect(http("/widget.js", 8443)[0] == 200, "the customers' door has no widget")
    for path in ("/agent/", "/admin/", "/api/v1/login", "/metrics"):
        expect(http(path, 8443)[0] == 404, f"the customers' door opens {path}")


def redirects_port_80_and_does_nothing_else():
    for method, path in (("GET", "/"), ("GET", "/widget.js"), ("POST", "/api/v1/login")):
        status, head, _ = http(path, 80, method, plain=True)
        where = re.search(r"(?im)^location: (\S+)", head)
        expect(status in (301, 302, 307, 308), f"{method} {path}: {status}")
        expect(where and where.group(1).startswith("https://"), f"{method} {path}: {head}")


def runs_without_root_capability_or_network():
    status = status_of(pid())
    user = pwd.getpwnam("deskbell")
    expect(status["Uid"].split() == [str(user.pw_uid)] * 4, status["Uid"])
    for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        expect(int(status[kind], 16) == 0, f"{kind} {status[kind]}")
    expect(status["NoNewPrivs"] == "1" and status["Seccomp"] == "2", "not confined")
    mine, its = os.readlink("/proc/1/ns/net"), os.readlink(f"/proc/{pid()}/ns/net")
    expect(mine != its, "it shares the network")
    devices = run("nsenter", "-t", str(pid()), "-n", "ip", "-o", "link").splitlines()
    expect(len(devices) == 1 and " lo:" in devices[0], f"{devices}")


def writes_nowhere_but_in_its_state():
    places = seen_from_within(writable_places)
    expect(isinstance(places, list), f"{places}")
    outside = [place for place in places if place != STATE and not place.startswith(STATE + "/")]
    expect(not outside, f"writable: {outside[:10]}")
    expect(STATE in places, "its own folder is not writable either")
    expect(stat.S_IMODE(os.stat(STATE).st_mode) == 0o700, "others may look into the state")


def has_its_keys_as_credentials():
    folder = "/run/credentials/deskbell.service"
    found = seen_from_within(lambda: {name: len(open(f"{folder}/{name}").read()) for name in os.listdir(folder)})
    expect(all(found.get(name, 0) > 0 for name in ("public.crt", "public.key", "providers")), f"{found}")
    key = os.stat(f"/proc/{pid()}/root{folder}/public.key")
    expect(stat.S_IMODE(key.st_mode) & 0o077 == 0 or key.st_uid == 0, oct(key.st_mode))


def has_the_profiles_ceiling():
    expect(show("deskbell.service", "MemoryMax") == str(320 << 20), show("deskbell.service", "MemoryMax"))


def holds_a_chat():
    talk("before everything")
    still_there()


def starts_on_the_first_knock():
    run("systemctl", "stop", "deskbell.service")
    expect(not active(), "still active")
    expect(active("deskbell-staff.socket"), "its door went with it")
    expect(http("/healthz")[0] in (200, 503), "nobody opened")
    expect(active(), "served, but not active")


def stops_cleanly_without_loss():
    talk("just before the stop")
    run("systemctl", "stop", "deskbell.service")
    expect(show("deskbell.service", "Result") == "success", show("deskbell.service", "Result"))
    expect(show("deskbell.service", "ExecMainStatus") == "0", show("deskbell.service", "ExecMainStatus"))
    run("systemctl", "start", "deskbell.service")
    still_there()


def comes_back_from_sigkill():
    talk("just before the kill")
    before, restarts = pid(), int(show("deskbell.service", "NRestarts"))
    os.kill(before, 9)
    # Asked at once: whoever knocks meanwhile waits in the socket and is not refused.
    still_there()
    until(lambda: active() and pid() != before, 20, "a new process")
    expect(int(show("deskbell.service", "NRestarts")) >= restarts, "restarts are counted")


def is_killed_and_restarted_when_the_desk_is_stuck():
    talk("just before the desk stands still")
    before = pid()
    threads = {open(f"/proc/{before}/task/{t}/comm").read().strip(): int(t) for t in os.listdir(f"/proc/{before}/task")}
    expect("desk" in threads, f"no desk thread among {sorted(threads)}")
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    seize, interrupt = 0x4206, 0x4207
    # Only the desk thread is held: gateway, journal and all others go on.
    expect(libc.ptrace(seize, threads["desk"], None, None) == 0, f"seize: {os.strerror(ctypes.get_errno())}")
    expect(libc.ptrace(interrupt, threads["desk"], None, None) == 0, "interrupt")
    begin = time.monotonic()
    def reap():
        try:
            os.waitpid(threads["desk"], 0x40000000 | os.WNOHANG)
        except ChildProcessError:
            pass
        return pid() not in (0, before) and active()
    until(reap, 60, "another process in its place")
    took = time.monotonic() - begin
    expect(took > 5, f"too soon ({took:.0f} s) to have been the watchdog")
    expect(journal(r"Watchdog timeout"), "the watchdog said nothing")
    still_there()


def heals_by_itself_once_a_fault_of_the_settings_is_corrected():
    path = "/etc/deskbell/deskbell.toml"
    with open(path) as file:
        good = file.read()
    with open(path, "w") as file:
        file.write(good + "\nno_such_key = 1\n")
    run("systemctl", "restart", "deskbell.service", check=False)
    # Knocking does not wear the doors out.
    for _ in range(30):
        socket.create_connection(("127.0.0.1", 443), timeout=5).close()
        time.sleep(0.1)
    expect(not active(), "it runs with a key it does not know")
    expect(journal(r"no_such_key"), "the journal does not say which")
    for door in ("staff", "public", "redirect", "admin"):
        expect(active(f"deskbell-{door}.socket"), f"the door {door} has given up")
    with open(path, "w") as file:
        file.write(good)
    until(active, 20, "active again without a command")
    still_there()


def call(method, number):
    """Says one thing to the SIP door; the statuses of the answers, up to the last."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.settimeout(30)
        line.connect(("127.0.0.1", 5060))
        own = "%s:%d" % line.getsockname()
        head = [f"{method} sip:calls@{NAME} SIP/2.0", f"Via: SIP/2.0/UDP {own};branch=z9hG4bK{number};rport",
                f"From: <sip:201@{own}>;tag={number}", f"To: <sip:calls@{NAME}>", f"Call-ID: {number}@{own}",
                f"CSeq: 1 {method}", f"Contact: <sip:201@{own}>", "Content-Length: 0"]
        line.send("\r\n".join(head).encode() + b"\r\n\r\n")
        told = []
        while not told or told[-1] < 200:
            answer = line.recv(65536)
            expect(answer.startswith(b"SIP/2.0 "), f"no SIP: {answer[:40]!r}")
            told.append(int(answer[8:11]))
        return told


def answers_a_pbx_at_its_door():
    # As the manual has it: whom to answer, then the door, which is added to a service that is down.
    with open("/etc/deskbell/deskbell.toml", "a") as file:
        file.write('\nsip_peers = ["127.0.0.1"]\n')
    run("systemctl", "enable", "deskbell-sip.socket")
    run("systemctl", "stop", "deskbell.service")
    run("systemctl", "start", "deskbell-sip.socket", "deskbell.service")
    expect(active("deskbell-sip.socket") and active(), "the door or the box is down")
    expect(journal(r"SIP on \[::\]:5060"), "the box does not speak of its door")
    expect(call("OPTIONS", 1) == [200], "not there for a PBX")
    # This desk has no workstream for calls: the desk itself says so, not only the door.
    told = call("INVITE", 2)
    expect(told == [100, 404], f"a call was answered {told}")
    # A datagram opens the box as well as a connection does.
    run("systemctl", "stop", "deskbell.service")
    expect(not active() and active("deskbell-sip.socket"), "its door went with it")
    expect(call("OPTIONS", 3) == [200], "nobody opened to a PBX")
    expect(active(), "answered, but not active")
    still_there()


def upgrades_with_its_doors_open():
    talk("just before the upgrade")
    refused, over = [], threading.Event()

    def knock():
        while not over.is_set():
            for port in (443, 8443, 80):
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=30).close()
                except OSError as error:
                    refused.append(f"{port}: {error}")
            time.sleep(0.02)

    knocking = threading.Thread(target=knock)
    knocking.start()
    before = pid()
    # An admin's settings survive an upgrade without a question.
    with open("/etc/deskbell/deskbell.toml", "a") as file:
        file.write("\n# a word of the admin's\n")
    run("dpkg", "--force-confold", "-i", "/trial/new.deb")
    over.set()
    knocking.join()
    expect(not refused, f"{len(refused)} refused: {refused[:3]}")
    expect(active() and pid() != before, "the old process still runs")
    expect("a word of the admin's" in open("/etc/deskbell/deskbell.toml").read(), "settings were overwritten")
    still_there()


def backs_up_while_it_works():
    run("systemctl", "start", "deskbell-backup.service")
    files = os.listdir("/var/lib/deskbell-backup")
    expect(len(files) == 1, f"{files}")
    info = os.stat(f"/var/lib/deskbell-backup/{files[0]}")
    expect(info.st_size > 1000 and stat.S_IMODE(info.st_mode) == 0o600, f"{info}")


def serves_from_a_read_only_root():
    try:
        open("/etc/written", "w")
        raise AssertionError("the root is writable")
    except OSError:
        pass
    until(serves, 30, "an answer")
    expect(active(), "not active")


def knows_the_chat_after_a_reboot():
    still_there()


def understands_the_images_settings():
    odd = journal(r"(?i).*(unknown key|unknown section|failed to parse|invalid value|assignment outside).*")
    expect(not odd, odd and odd.group(0))
    expect(show("deskbell.service", "MemoryMax") == str(512 << 20), show("deskbell.service", "MemoryMax"))
    expect(show("tmp.mount", "DropInPaths") != "", "tmp.mount is not dressed")
    with open("/etc/sysctl.d/60-deskbell.conf") as file:
        keys = [line.split("=")[0].strip() for line in file if "=" in line and not line.startswith("#")]
    missing = [key for key in keys if not os.path.exists("/proc/sys/" + key.replace(".", "/"))]
    expect(len(keys) == 8 and not missing, f"{keys}: unknown to the kernel: {missing}")


def keeps_its_log_in_memory():
    kept = [name for _, _, files in os.walk("/var/log/journal") for name in files]
    expect(not kept, f"the journal is on the disk: {kept}")
    expect(run("journalctl", "-b", "-n", "1", "-o", "cat", "--no-pager") != "", "there is no journal")


def keeps_state_when_removed():
    run("dpkg", "-r", "deskbell")
    expect(not active() and not active("deskbell-staff.socket"), "something still runs")
    try:
        socket.create_connection(("127.0.0.1", 443), timeout=5)
        raise AssertionError("the door is still open")
    except ConnectionRefusedError:
        pass
    expect(os.path.isdir(f"{STATE}/tls"), "the state went with it")
    expect(os.path.exists("/etc/deskbell/deskbell.toml"), "the settings went with it")
    run("dpkg", "--force-confold", "-i", "/trial/new.deb")
    until(active, 30, "active again")
    still_there()


def purges_everything_but_backups():
    # A backup of the branch's, by whatever means it came there.
    os.makedirs("/var/lib/deskbell-backup", exist_ok=True)
    open("/var/lib/deskbell-backup/kept", "w").close()
    run("dpkg", "-P", "deskbell")
    left = []
    for folder, folders, files in os.walk("/"):
        if folder == "/":
            folders[:] = [name for name in folders if name not in ("proc", "sys", "dev", "trial", "tmp")]
        left += [os.path.join(folder, name) for name in folders + files if "deskbell" in name]
    left = [path for path in left if not path.startswith(("/var/lib/deskbell-backup", "/run/systemd", "/run/log"))]
    expect(not left, f"left: {left}")
    expect(os.path.exists("/var/lib/deskbell-backup/kept"), "backups were taken away")
    expect(not run("systemctl", "list-unit-files", "deskbell*", "--no-legend", check=False), "units are left")


PHASES = {
    "install": [
        unpacks_enables_and_starts, says_ready_and_serves, has_the_admins_door, keeps_its_two_faces_apart,
        redirects_port_80_and_does_nothing_else, runs_without_root_capability_or_network,
        writes_nowhere_but_in_its_state, has_its_keys_as_credentials, has_the_profiles_ceiling, holds_a_chat,
        starts_on_the_first_knock, stops_cleanly_without_loss, comes_back_from_sigkill,
        is_killed_and_restarted_when_the_desk_is_stuck,
        heals_by_itself_once_a_fault_of_the_settings_is_corrected, answers_a_pbx_at_its_door,
        upgrades_with_its_doors_open, backs_up_while_it_works,
    ],
    "read-only": [
        serves_from_a_read_only_root, knows_the_chat_after_a_reboot, understands_the_images_settings,
        keeps_its_log_in_memory,
    ],
    "remove": [keeps_state_when_removed, purges_everything_but_backups],
}


def main(phase):
    with open(RESULTS, "a", buffering=1) as results:
        for step in PHASES[phase]:
            begin = time.monotonic()
            try:
                step()
                results.write(f"ok {step.__name__} ({time.monotonic() - begin:.1f} s)\n")
            except BaseException as error:
                traceback.print_exc()
                results.write(f"FAILED {step.__name__}: {str(error) or repr(error)}\n".replace("\n", " ").strip() + "\n")
        with open("/trial/journal", "a") as log:
            log.write(f"── {phase} ──\n" + run("journalctl", "--no-pager", "-b", check=False) + "\n")


main(sys.argv[1])
