//! One more member of staff, judged by the desk's own loader.

use super::fault::Faults;
use super::load::{LoadOptions, load_with};
use super::model::Desk;
use super::secret::Secret;

/// Who is to be added.
pub struct NewAgent<'n> {
    /// What they sign in with.
    pub username: &'n str,
    /// The name people see.
    pub name: &'n str,
    /// Plain; whoever puts the desk in force hashes it.
    pub password: &'n Secret,
    /// By their words: `agent supervisor admin`; none is `agent`.
    pub roles: &'n [&'n str],
}

/// The desk with somebody more in it.
pub fn with_agent(desk: &Desk, new: &NewAgent<'_>) -> Result<Desk, Faults> {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let roles: Vec<String> = new.roles.iter().map(|role| quoted(role)).collect();
    let roles = match roles[..] {
        [] => String::new(),
        _ => format!("roles = [{}]\n", roles.join(", ")),
    };
    let text = format!(
        "{}\n[[agent]]\nusername = {}\nname = {}\npassword = {}\n{roles}",
        desk.export(),
        quoted(new.username),
        quoted(new.name),
        quoted(new.password.expose()),
    );
    Ok(load_with(&text, LoadOptions { over: Some(desk), ..LoadOptions::default() })?.desk)
}
