//! `--name value` options, read strictly.

use super::Ended;

/// The options of a command line, each at most once.
pub(crate) struct Options<'a> {
    given: Vec<(&'a str, &'a str)>,
    flags: Vec<&'a str>,
    /// What stood without a `--`.
    pub(crate) plain: Vec<&'a str>,
}

impl<'a> Options<'a> {
    /// Reads the arguments of a command that knows these options.
    pub(crate) fn read(arguments: &'a [String], known: &[&str]) -> Result<Options<'a>, Ended> {
        Options::read_with(arguments, known, &[])
    }

    /// The same of a command that has flags, which take no value.
    pub(crate) fn read_with(
        arguments: &'a [String],
        known: &[&str],
        flags: &[&str],
    ) -> Result<Options<'a>, Ended> {
        let mut options = Options { given: Vec::new(), flags: Vec::new(), plain: Vec::new() };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let Some(name) = argument.strip_prefix("--") else {
                options.plain.push(argument);
                continue;
            };
            let (name, value) = match name.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (name, None),
            };
            if flags.contains(&name) && value.is_none() {
                options.flags.push(name);
                continue;
            }
            if !known.contains(&name) {
                return Err(Ended::usage(format!("there is no option --{name}")));
            }
            let value = match value {
                Some(value) => value,
                None => arguments.next().ok_or_else(|| Ended::usage(format!("--{name} needs a value")))?,
            };
            if options.given.iter().any(|(other, _)| *other == name) {
                return Err(Ended::usage(format!("--{name} is given twice")));
            }
            options.given.push((name, value));
        }
        Ok(options)
    }

    /// The value of an option.
    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        self.given.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// Whether a flag stands there.
    pub(crate) fn has(&self, flag: &str) -> bool {
        self.flags.contains(&flag)
    }

    /// What `--log` says, or what holds without it.
    pub(crate) fn log_level(&self) -> Result<log::LevelFilter, Ended> {
        deskbell::ops::settings::log_level(self.get("log"))
            .ok_or_else(|| Ended::usage("the log's level is error, warn, info or debug"))
    }

    /// Nothing may stand beside the options.
    pub(crate) fn nothing_else(&self) -> Result<(), Ended> {
        match self.plain.first() {
            None => Ok(()),
            Some(extra) => Err(Ended::usage(format!("{extra:?} is one argument too many"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(list: &[&str]) -> Vec<String> {
        list.iter().map(|one| (*one).to_owned()).collect()
    }

    #[test]
    fn options_are_read_in_either_spelling_and_only_once() {
        let given = arguments(&["--data", "x", "--listen=y", "plain"]);
        let options = Options::read(&given, &["data", "listen"]).ok().expect("good options");
        assert_eq!((options.get("data"), options.get("listen")), (Some("x"), Some("y")));
        assert_eq!(options.plain, ["plain"]);
        assert!(options.nothing_else().is_err());
        let given = arguments(&["--replace", "--data", "x"]);
        let options = Options::read_with(&given, &["data"], &["replace"]).ok().expect("good options");
        assert!(options.has("replace") && !options.has("data"));
        assert!(Options::read_with(&arguments(&["--replace=yes"]), &[], &["replace"]).is_err());
        for bad in [&["--data"][..], &["--other", "x"], &["--data", "x", "--data", "y"]] {
            assert!(Options::read(&arguments(bad), &["data"]).is_err(), "{bad:?}");
        }
    }
}
