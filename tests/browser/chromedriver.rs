//! The one chromedriver of this test binary, and the WebDriver calls to it.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;

/// Longest time one call may take: starting Chromium on a busy machine is the slowest.
const CALL_MAX: Duration = Duration::from_secs(60);
const START_MAX: Duration = Duration::from_secs(20);

/// A running chromedriver. Ends with the last session that holds it, and its browsers with it: they talk over
/// pipes and quit when these close, so that even a killed test leaves nothing running.
pub(crate) struct Chromedriver {
    process: Child,
    address: String,
    agent: ureq::Agent,
}

/// Why a call was refused: WebDriver's own code and words.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) code: String,
    pub(crate) message: String,
}

impl Chromedriver {
    /// The one that runs, or a fresh one.
    pub(crate) fn shared() -> Arc<Chromedriver> {
        static RUNNING: Mutex<Weak<Chromedriver>> = Mutex::new(Weak::new());
        // A test that failed while starting it says so itself; the next one tries again.
        let mut running = RUNNING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        running.upgrade().unwrap_or_else(|| {
            let fresh = Arc::new(Chromedriver::start());
            *running = Arc::downgrade(&fresh);
            fresh
        })
    }

    fn start() -> Chromedriver {
        let mut process = Command::new("chromedriver")
            .args(["--port=0", "--log-level=WARNING"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("chromedriver starts; `make tools` installs it");
        let stdout = process.stdout.take().expect("piped");
        let (sender, port) = sync_channel(1);
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if let Some((_, port)) = line.split_once("started successfully on port ") {
                    let _ = sender.send(port.trim_end_matches('.').to_string());
                }
            }
        });
        let port = port.recv_timeout(START_MAX);
        let config =
            ureq::Agent::config_builder().timeout_global(Some(CALL_MAX)).http_status_as_error(false).build();
        let address = format!("http://127.0.0.1:{}", port.as_deref().unwrap_or("0"));
        let driver = Chromedriver { process, address, agent: config.into() };
        port.expect("chromedriver says its port");
        driver
    }

    /// One WebDriver call; `body` null is a GET, `DELETE` is told by the method.
    pub(crate) fn call(&self, method: &str, path: &str, body: &Value) -> Result<Value, Refused> {
        let url = format!("{}{path}", self.address);
        let answer = match method {
            "GET" => self.agent.get(&url).call(),
            "DELETE" => self.agent.delete(&url).call(),
            _ => self.agent.post(&url).send_json(body),
        };
        let broken = |message: String| Refused { code: "no answer".into(), message };
        let mut answer = answer.map_err(|error| broken(error.to_string()))?;
        let reply: Value = answer
            .body_mut()
            .with_config()
            .limit(64 << 20)
            .read_json()
            .map_err(|error| broken(error.to_string()))?;
        let value = reply["value"].clone();
        match value["error"].as_str() {
            Some(code) if !answer.status().is_success() => Err(Refused {
                code: code.to_string(),
                message: value["message"].as_str().unwrap_or_default().to_string(),
            }),
            _ => Ok(value),
        }
    }
}

impl Drop for Chromedriver {
    fn drop(&mut self) {
        let group = Pid::from_child(&self.process);
        let _ = kill_process_group(group, Signal::KILL);
        let _ = self.process.wait();
    }
}
