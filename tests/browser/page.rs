//! A browser with one page before it: finds, presses, types, waits, looks.

use std::cell::RefCell;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::chromedriver::{Chromedriver, Refused};
use crate::support::{Desk, PATIENCE, root};

/// How WebDriver names an element in JSON.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
const LOOK_EVERY: Duration = Duration::from_millis(40);

const FLAGS: [&str; 13] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-breakpad",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
    "--window-size=1440,900",
];

/// What an outage of the box makes the browser itself write to the console; no page can hush it.
const OUTAGE: [&str; 4] =
    ["net::ERR_CONNECTION_", "net::ERR_EMPTY_RESPONSE", "WebSocket connection to", "net::ERR_SOCKET"];

/// Finds what is shown. `a >>> b` steps into the shadow root of `a`.
const FIND: &str = r#"
  const [css, text] = arguments;
  const path = css.split(" >>> ");
  let root = document;
  for (const step of path.slice(0, -1)) root = root?.querySelector(step)?.shadowRoot;
  const shown = (el) => el.checkVisibility({ visibilityProperty: true }) && el.getClientRects().length > 0;
  const all = root ? [...root.querySelectorAll(path.at(-1))] : [];
"#;

/// Text as a sighted person reads it: without what is only for screen readers.
const READ: &str = r#"
  const read = (el) => {
    const copy = el.cloneNode(true);
    for (const hidden of copy.querySelectorAll(".vh, svg")) hidden.remove();
    return (el.matches("input, textarea") ? el.value : copy.textContent).replace(/\s+/g, " ").trim();
  };
"#;

/// A Chromium of its own: own home, own profile, trusting the authority of one box.
pub(crate) struct Browser {
    driver: Arc<Chromedriver>,
    session: String,
    /// The box's address.
    pub(crate) url: String,
    forgiven: RefCell<Vec<&'static str>>,
    _home: tempfile::TempDir,
}

/// An element of the page, as long as the page keeps it.
#[derive(Clone)]
pub(crate) struct Element(String);

/// Keys that are no letters, as WebDriver names them.
pub(crate) mod keys {
    pub(crate) const BACKSPACE: &str = "\u{E003}";
    pub(crate) const TAB: &str = "\u{E004}";
    pub(crate) const DOWN: &str = "\u{E015}";
    pub(crate) const ENTER: &str = "\u{E007}";
    pub(crate) const SHIFT: &str = "\u{E008}";
    pub(crate) const CONTROL: &str = "\u{E009}";
    pub(crate) const ALT: &str = "\u{E00A}";
    pub(crate) const ESCAPE: &str = "\u{E00C}";
}

impl Browser {
    /// Starts Chromium with a fresh home that trusts the box's authority; notifications are granted to the box.
    pub(crate) fn new(desk: &Desk) -> Browser {
        Browser::trusting(&desk.url, &desk.get("/ca.crt").body, &[], json!({}))
    }

    /// One to whom `host` is a site on this machine, another than the box's; with `blocks_third_parties` frames of other
    /// sites get no storage.
    pub(crate) fn knowing_site(desk: &Desk, host: &str, blocks_third_parties: bool) -> Browser {
        let rule = format!("--host-resolver-rules=MAP {host} 127.0.0.1");
        // Without partitions a frame of another site has no storage at all, as in browsers that refuse it.
        let refusing = "--disable-features=ThirdPartyStoragePartitioning".to_owned();
        let modes = json!({"profile.block_third_party_cookies": true, "profile.cookie_controls_mode": 1});
        let (args, prefs) =
            if blocks_third_parties { (vec![rule, refusing], modes) } else { (vec![rule], json!({})) };
        Browser::trusting(&desk.url, &desk.get("/ca.crt").body, &args, prefs)
    }

    /// The same at a box whose authority it does not know.
    pub(crate) fn distrusting(desk: &Desk, other: &Desk) -> Browser {
        Browser::trusting(&desk.url, &other.get("/ca.crt").body, &[], json!({}))
    }

    /// One at a box that is no child of this test: with its authority, where there is one to trust, and what its names
    /// lead to, such as `MAP shop.test 127.0.0.1`.
    #[allow(dead_code, reason = "the first day is a test binary of its own")]
    pub(crate) fn at(url: &str, authority: &str, names: &str) -> Browser {
        Browser::trusting(url, authority, &[format!("--host-resolver-rules={names}")], json!({}))
    }

    fn trusting(url: &str, authority: &str, more_args: &[String], more_prefs: Value) -> Browser {
        let home = tempfile::tempdir().expect("a folder");
        trust(home.path(), authority);
        let driver = Chromedriver::shared();
        let mut args: Vec<String> = FLAGS.iter().map(ToString::to_string).collect();
        args.push(format!("--user-data-dir={}", home.path().join("profile").display()));
        args.extend_from_slice(more_args);
        let mut prefs = json!({"profile.default_content_setting_values.notifications": 1});
        for (key, value) in more_prefs.as_object().into_iter().flatten() {
            prefs[key] = value.clone();
        }
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "unhandledPromptBehavior": "accept",
            "timeouts": {"implicit": 0, "pageLoad": 30_000, "script": 10_000},
            "goog:loggingPrefs": {"browser": "ALL"},
            "goog:chromeOptions": {
                "binary": chromium_at_home(home.path()),
                "args": args,
                "prefs": prefs,
            },
        }}});
        let made = driver.call("POST", "/session", &wanted).expect("Chromium starts");
        let session = made["sessionId"].as_str().expect("a session").to_string();
        let browser =
            Browser { driver, session, url: url.to_string(), forgiven: RefCell::default(), _home: home };
        browser.devtools(
            "Browser.grantPermissions",
            json!({"origin": browser.url, "permissions": ["notifications"]}),
        );
        browser.size(1440, 900, false);
        browser
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Result<Value, Refused> {
        self.driver.call(method, &format!("/session/{}{path}", self.session), body)
    }

    fn must(&self, method: &str, path: &str, body: &Value) -> Value {
        self.call(method, path, body).unwrap_or_else(|why| self.fail(&format!("{method} {path}: {why:?}")))
    }

    /// A command of the browser's own tools.
    pub(crate) fn devtools(&self, command: &str, params: Value) -> Value {
        self.must("POST", "/goog/cdp/execute", &json!({"cmd": command, "params": params}))
    }

    /// From now on the console may complain of a box that cannot be reached.
    pub(crate) fn forgive_outage(&self) {
        self.forgiven.borrow_mut().extend(OUTAGE);
    }

    /// From now on the console may hold this.
    pub(crate) fn forgive(&self, words: &'static str) {
        self.forgiven.borrow_mut().push(words);
    }

    // ── going places ──

    /// Opens a path of the box.
    pub(crate) fn go(&self, path: &str) {
        self.go_to(&format!("{}{path}", self.url));
    }

    /// Opens any address.
    pub(crate) fn go_to(&self, url: &str) {
        self.must("POST", "/url", &json!({ "url": url }));
    }

    /// Opens a path of a box it does not trust, past the browser's warning, as a person in a hurry would.
    pub(crate) fn go_unsafely(&self, path: &str) {
        let address = json!({"url": format!("{}{path}", self.url)});
        let _ = self.call("POST", "/url", &address);
        let warning = self.run("return document.body.innerText;", json!([]));
        assert!(warning.to_string().contains("ERR_CERT_AUTHORITY_INVALID"), "{warning}");
        for key in "thisisunsafe".chars() {
            self.chord(&[&key.to_string()]);
        }
    }

    /// Presses a button of a desktop notification, or with no action its body, as the system would tell the
    /// service worker.
    pub(crate) fn notification_pressed(&self, tag: &Value, action: &str) {
        let targets = self.devtools("Target.getTargets", json!({}));
        let all = targets["targetInfos"].as_array().into_iter().flatten();
        let worker = all.clone().find(|target| target["type"] == "service_worker");
        let worker = worker.unwrap_or_else(|| panic!("no service worker among {targets}"));
        let to = json!({"targetId": worker["targetId"], "flatten": false});
        let session = self.devtools("Target.attachToTarget", to)["sessionId"].clone();
        let press = format!(
            "registration.getNotifications({{ tag: {tag} }}).then(([one]) => self.dispatchEvent(
               new NotificationEvent('notificationclick', {{ notification: one, action: '{action}' }})))"
        );
        let evaluate = json!({"id": 1, "method": "Runtime.evaluate", "params": {"expression": press}});
        let message = json!({"sessionId": session, "message": evaluate.to_string()});
        self.devtools("Target.sendMessageToTarget", message);
    }

    pub(crate) fn reload(&self) {
        self.must("POST", "/refresh", &json!({}));
    }

    /// Steps into the frame found by `css`, from the page itself.
    pub(crate) fn enter(&self, css: &str) {
        self.leave();
        let Element(frame) = self.see(css);
        self.must("POST", "/frame", &json!({"id": {ELEMENT: frame}}));
    }

    /// Back out of every frame.
    pub(crate) fn leave(&self) {
        self.must("POST", "/frame", &json!({"id": null}));
    }

    /// Opens a further tab and turns to it; the tabs' names, old and new.
    pub(crate) fn new_tab(&self) -> (String, String) {
        let old = self.must("GET", "/window", &Value::Null);
        let new = self.must("POST", "/window/new", &json!({"type": "tab"}));
        let names = (old.as_str().unwrap_or_default(), new["handle"].as_str().unwrap_or_default());
        self.turn_to(names.1);
        (names.0.to_string(), names.1.to_string())
    }

    /// Looks into a tab without bringing it to the front.
    pub(crate) fn look_into(&self, tab: &str) {
        self.must("POST", "/window", &json!({"handle": tab}));
    }

    pub(crate) fn minimise(&self) {
        self.must("POST", "/window/minimize", &json!({}));
    }

    pub(crate) fn turn_to(&self, tab: &str) {
        self.look_into(tab);
        // WebDriver turns to a tab without bringing it before the person's eyes.
        self.devtools("Page.bringToFront", json!({}));
    }

    // ── how it looks ──

    /// The page's size in CSS pixels; `touch` makes it a phone or tablet.
    pub(crate) fn size(&self, width: u32, height: u32, touch: bool) {
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": touch}),
        );
        self.devtools("Emulation.setTouchEmulationEnabled", json!({"enabled": touch}));
    }

    /// A page of 1440 by 900, drawn smaller: 1200 by 750 in a picture.
    pub(crate) fn reduced(&self) {
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": 1440, "height": 900, "deviceScaleFactor": 1200.0 / 1440.0, "mobile": false}),
        );
    }

    /// What the system says about light and dark.
    pub(crate) fn system_is_dark(&self, dark: bool) {
        let value = if dark { "dark" } else { "light" };
        let features = json!([{"name": "prefers-color-scheme", "value": value}]);
        self.devtools("Emulation.setEmulatedMedia", json!({"features": features}));
    }

    /// The language the browser's owner has chosen, from the next page on.
    pub(crate) fn speaks(&self, language: &str) {
        let agent = self.run("return navigator.userAgent;", json!([]));
        let how = json!({"userAgent": agent, "acceptLanguage": language});
        self.devtools("Emulation.setUserAgentOverride", how);
    }

    /// Writes what is seen to `target/screenshots/NAME.png`.
    pub(crate) fn picture(&self, name: &str) {
        // What moves has come to rest; fades last 150 ms at most.
        std::thread::sleep(Duration::from_millis(250));
        if let Err(why) = self.take_picture(name) {
            self.fail(&format!("no picture: {why:?}"));
        }
    }

    fn take_picture(&self, name: &str) -> Result<PathBuf, Refused> {
        let shot = self.call("GET", "/screenshot", &Value::Null)?;
        let bytes = data_encoding::BASE64
            .decode(shot.as_str().unwrap_or_default().as_bytes())
            .expect("a picture in base64");
        let folder = root().join("target/screenshots");
        fs::create_dir_all(&folder).expect("a folder for pictures");
        let path = folder.join(format!("{name}.png"));
        fs::write(&path, bytes).expect("written");
        Ok(path)
    }

    // ── looking ──

    /// Runs a script in the page; `arguments` are the arguments.
    pub(crate) fn run(&self, script: &str, arguments: Value) -> Value {
        self.try_run(script, arguments).unwrap_or_else(|why| self.fail(&format!("{script}: {why:?}")))
    }

    /// Runs a script that answers later, through its last argument.
    pub(crate) fn run_later(&self, script: &str) -> Value {
        self.must("POST", "/execute/async", &json!({"script": script, "args": []}))
    }

    fn try_run(&self, script: &str, arguments: Value) -> Result<Value, Refused> {
        self.call("POST", "/execute/sync", &json!({"script": script, "args": arguments}))
    }

    /// Waits until something comes, else fails with a picture and the words of the page.
    pub(crate) fn until<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = look() {
                return found;
            }
            if Instant::now() > deadline {
                self.fail(&format!("no {what}"));
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    fn find(&self, css: &str, text: &str) -> Option<Element> {
        let script = format!(
            "{FIND}{READ} return all.find((el) => shown(el) && (!text || read(el).includes(text))) || null;"
        );
        let found = self.try_run(&script, json!([css, text])).ok()?;
        found[ELEMENT].as_str().map(|id| Element(id.to_string()))
    }

    /// Waits until an element is shown.
    pub(crate) fn see(&self, css: &str) -> Element {
        self.until(css, || self.find(css, ""))
    }

    /// Waits until an element with these words is shown.
    pub(crate) fn see_text(&self, css: &str, text: &str) -> Element {
        self.until(&format!("{css} with {text:?}"), || self.find(css, text))
    }

    /// Waits until no such element is shown.
    pub(crate) fn gone(&self, css: &str) {
        self.until(&format!("end of {css}"), || self.find(css, "").is_none().then_some(()));
    }

    pub(crate) fn shows(&self, css: &str) -> bool {
        self.find(css, "").is_some()
    }

    /// The words of every element shown, as a sighted person reads them.
    pub(crate) fn texts(&self, css: &str) -> Vec<String> {
        let script = format!("{FIND}{READ} return all.filter(shown).map(read);");
        let found = self.run(&script, json!([css]));
        found.as_array().into_iter().flatten().filter_map(Value::as_str).map(ToString::to_string).collect()
    }

    /// The words of the first such element.
    pub(crate) fn text(&self, css: &str) -> String {
        self.see(css);
        self.texts(css).into_iter().next().unwrap_or_default()
    }

    /// A property of the computed style, as the browser writes it.
    pub(crate) fn style(&self, css: &str, property: &str) -> String {
        let Element(id) = self.see(css);
        let value = self.run(
            "return getComputedStyle(arguments[0]).getPropertyValue(arguments[1]);",
            json!([{ELEMENT: id}, property]),
        );
        value.as_str().unwrap_or_default().to_string()
    }

    // ── doing ──

    fn act(&self, what: &str, css: &str, text: &str, act: impl Fn(&str) -> Result<Value, Refused>) {
        let mut last = String::from("not there");
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(Element(id)) = self.find(css, text) {
                match act(&id) {
                    Ok(_) => return,
                    // Redrawn between finding and pressing, or still under something that is leaving.
                    Err(why) => last = format!("{}: {}", why.code, why.message),
                }
            }
            std::thread::sleep(LOOK_EVERY);
        }
        self.fail(&format!("cannot {what} {css} {text:?}: {last}"));
    }

    /// Presses with the pointer, where the browser would let a person press.
    pub(crate) fn press(&self, css: &str) {
        self.press_text(css, "");
    }

    pub(crate) fn press_text(&self, css: &str, text: &str) {
        self.act("press", css, text, |id| self.call("POST", &format!("/element/{id}/click"), &json!({})));
    }

    /// Types into a field, keys and all.
    pub(crate) fn write(&self, css: &str, text: &str) {
        let body = json!({"text": text});
        self.act("write into", css, "", |id| self.call("POST", &format!("/element/{id}/value"), &body));
    }

    /// Empties a field and types into it.
    #[allow(dead_code, reason = "the first day is a test binary of its own")]
    pub(crate) fn write_anew(&self, css: &str, text: &str) {
        self.act("empty", css, "", |id| self.call("POST", &format!("/element/{id}/clear"), &json!({})));
        self.write(css, text);
    }

    /// Puts a long text in as pasting would: at once.
    pub(crate) fn paste(&self, css: &str, text: &str) {
        let Element(id) = self.see(css);
        let insert = "arguments[0].focus(); document.execCommand('insertText', false, arguments[1]);";
        self.run(insert, json!([{ELEMENT: id}, text]));
    }

    /// Keys held together, wherever the focus is.
    pub(crate) fn chord(&self, held: &[&str]) {
        let down = held.iter().map(|key| json!({"type": "keyDown", "value": key}));
        let up = held.iter().rev().map(|key| json!({"type": "keyUp", "value": key}));
        let all: Vec<Value> = down.chain(up).collect();
        self.must("POST", "/actions", &json!({"actions": [{"type": "key", "id": "keys", "actions": all}]}));
    }

    // ── the console ──

    /// Everything anybody wrote to the console since it was last read, however harmless.
    pub(crate) fn console(&self) -> Vec<String> {
        let lines = self.must("POST", "/se/log", &json!({"type": "browser"}));
        lines.as_array().into_iter().flatten().map(|line| line["message"].to_string()).collect()
    }

    fn complaints(&self) -> Vec<String> {
        let Ok(lines) = self.call("POST", "/se/log", &json!({"type": "browser"})) else { return Vec::new() };
        let forgiven = self.forgiven.borrow();
        lines
            .as_array()
            .into_iter()
            .flatten()
            .filter(|line| line["level"] == "SEVERE")
            .filter_map(|line| line["message"].as_str())
            .filter(|message| !forgiven.iter().any(|words| message.contains(words)))
            .map(ToString::to_string)
            .collect()
    }

    fn fail(&self, what: &str) -> ! {
        let thread = std::thread::current();
        let name = thread.name().unwrap_or("test").replace("::", "-");
        let picture = self.take_picture(&format!("failed-{name}"));
        let words = self.try_run("return document.body ? document.body.innerText : '';", json!([]));
        panic!(
            "{what}\npicture: {picture:?}\nconsole: {:#?}\nthe page says: {}",
            self.complaints(),
            words.as_ref().ok().and_then(Value::as_str).unwrap_or("nothing"),
        );
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let complaints = self.complaints();
        let _ = self.call("DELETE", "", &Value::Null);
        if !std::thread::panicking() {
            assert!(complaints.is_empty(), "the console complains: {complaints:#?}");
        }
    }
}

/// A database of trusted authorities where Chromium looks for it, holding the box's one.
fn trust(home: &Path, pem: &str) {
    let folder = home.join(".pki/nssdb");
    fs::create_dir_all(&folder).expect("a folder");
    let file = home.join("ca.pem");
    fs::write(&file, pem).expect("written");
    let database = format!("sql:{}", folder.display());
    let file = file.display().to_string();
    for arguments in [&["-N", "--empty-password"][..], &["-A", "-t", "C,,", "-n", "box", "-i", &file]] {
        let ended = Command::new("certutil")
            .args(["-d", &database])
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .expect("certutil runs; `make tools` installs it");
        assert!(ended.status.success(), "certutil: {}", String::from_utf8_lossy(&ended.stderr));
    }
}

/// Chromium takes its home, and the place for what it leaves lying, from its surroundings, which all browsers of one
/// chromedriver share; so each is started by a line of its own.
fn chromium_at_home(home: &Path) -> PathBuf {
    let path = home.join("chromium");
    let script = format!(
        "#!/bin/sh\nTZ=Europe/Amsterdam HOME='{0}' TMPDIR='{0}' exec chromium \"$@\"\n",
        home.display()
    );
    fs::write(&path, script).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("made a program");
    path
}
