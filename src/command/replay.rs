//! `deskbell replay`: a recorded stretch of inputs, taken again.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};

use deskbell::desk;
use deskbell::shell::boot;
use deskbell::shell::replay::{self, ReplayError};

use super::Ended;
use super::options::Options;

pub(super) fn run(arguments: &[String]) -> Result<(), Ended> {
    let options = Options::read(arguments, &["desk"])?;
    let [file] = options.plain[..] else {
        return Err(Ended::usage("`deskbell replay FILE` takes one recording, such as DIR/inputs.record"));
    };
    let other = match options.get("desk") {
        None => None,
        Some(file) => {
            let text = boot::read_desk_file(file.as_ref()).map_err(Ended::usage)?;
            Some(desk::load(&text).map_err(|faults| super::Ended::of(boot::BootError::Desk(faults)))?.desk)
        }
    };
    let from = File::open(file).map_err(|error| Ended::usage(format!("{file}: {error}")))?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    let outcome =
        replay::replay(BufReader::new(from), other.as_ref(), &mut out).map_err(|error| match error {
            ReplayError::Recording(error) => Ended::usage(format!("{file}: {error}")),
            error => Ended::failed(error.to_string()),
        })?;
    let replay::Outcome { inputs, decisions, different, otherwise, idle } = outcome;
    let said = match (&other, different) {
        (Some(_), _) => format!(
            "{inputs} inputs, {decisions} decisions with this desk; {otherwise} conversations would have been offered \
             to another first; {idle} things people did had nothing to be done to"
        ),
        (None, 0) => format!("{inputs} inputs, {decisions} decisions: all as recorded"),
        (None, _) => format!("{inputs} inputs, {decisions} decisions: {different} inputs had other effects"),
    };
    writeln!(out, "{said}").and_then(|()| out.flush()).map_err(|error| Ended::failed(error.to_string()))?;
    // Another version of the program may decide otherwise; the same one must not.
    if other.is_none() && different > 0 {
        Err(Ended::failed("the replay is not what was recorded"))
    } else {
        Ok(())
    }
}
