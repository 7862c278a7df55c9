//! Every rule of the desk, shown by a file that breaks it: the fault names the line, the path and the reason.

use deskbell::desk::load;

/// The faults of a file, one a line, as `deskbell desk check` prints them.
fn faults(file: &str) -> String {
    load(file).map(|_| ()).expect_err("a fault").to_string()
}

/// The faults of a workstream's lines, in a desk that has the queue `front` and is otherwise sound. The first
/// line given is line 4.
fn workstream(lines: &str) -> String {
    faults(&format!("queue = [{{ id = \"front\" }}]\n[[workstream]]\nid = \"w\"\n{lines}"))
}

/// The same for any other lines, the first of them line 4.
fn beside(lines: &str) -> String {
    faults(&format!(
        "queue = [{{ id = \"front\" }}]\nhours = [{{ id = \"h\", timezone = \"UTC\" }}]\n\
         workstream = [{{ id = \"w\", queue = \"front\" }}]\n{lines}"
    ))
}

#[test]
fn all_faults_are_listed_at_once_in_the_order_of_the_file() {
    let file = "name = 3\n\
        colour = \"red\"\n\
        [[queue]]\n\
        id = \"front\"\n\
        priorty = 1\n\
        [[workstream]]\n\
        id = \"w\"\n\
        queue = \"nowhere\"\n\
        units = 0\n";
    assert_eq!(
        faults(file),
        "line 1: name: must be text, not a whole number\n\
         line 2: colour: is not a key of the desk\n\
         line 5: queue.front.priorty: is not a key of the desk; is \"priority\" meant?\n\
         line 8: workstream.w.queue: there is no queue \"nowhere\"\n\
         line 9: workstream.w.units: must be from 1 to 10000"
    );
}

#[test]
fn a_file_that_is_no_toml_names_each_such_line() {
    assert_eq!(
        faults("name = \"x\nlocale = \"en\"\nconsent = none\n"),
        "line 1: invalid basic string, expected `\"`\nline 3: text must stand in quotes"
    );
    assert!(faults("name = 1\nname = 2\n").starts_with("line 2: duplicate key"));
}

#[test]
fn another_version_of_the_format_is_refused() {
    assert_eq!(faults("version = 2"), "line 1: version: is 2; this box reads version 1");
}

#[test]
fn every_wrong_type_is_named_with_what_is_wanted() {
    assert_eq!(
        faults(
            "name = [\"x\"]\nretention_days = \"x\"\nlocale = 1\nmonitoring_notice = 4\nmissed = true\n\
             queue = 3\nagent = [1]\nmasking = { pci = \"yes\", reveal = \"supervisor\" }\n"
        ),
        "line 1: name: must be text, not a list\n\
         line 2: retention_days: must be a whole number, not text\n\
         line 3: locale: must be text, not a whole number\n\
         line 4: monitoring_notice: must be text, or a table of texts by language, not a whole number\n\
         line 5: missed: must be a table, not true or false\n\
         line 6: queue: must be a list, not a whole number\n\
         line 7: agent[0]: must be a table, not a whole number\n\
         line 8: masking.pci: must be true or false, not text\n\
         line 8: masking.reveal: must be a list, not text"
    );
}

#[test]
fn a_number_out_of_range_names_the_range() {
    assert_eq!(
        workstream(
            "queue = \"front\"\nunits = 0\nundelivered_reroute_s = 86401\nwrapup_deadline_s = -1\n\
             agent_lost_s = 99999999999\ncustomer_lost_s = 1.5\n[workstream.notify.incoming]\ntimeout_s = 4\n"
        ),
        "line 5: workstream.w.units: must be from 1 to 10000\n\
         line 6: workstream.w.undelivered_reroute_s: must be from 0 to 86400\n\
         line 7: workstream.w.wrapup_deadline_s: must be from 0 to 86400\n\
         line 8: workstream.w.agent_lost_s: must be from 0 to 86400\n\
         line 9: workstream.w.customer_lost_s: must be a whole number, not a number with a fraction\n\
         line 11: workstream.w.notify.incoming.timeout_s: must be from 5 to 3600"
    );
    assert_eq!(
        beside("[[agent]]\nusername = \"a\"\npassword = \"long enough\"\ncapacity = 0\n[[queue2]]\n"),
        "line 7: agent.a.capacity: must be from 1 to 10000\nline 8: queue2: is not a key of the desk; is \"queue\" meant?"
    );
    assert_eq!(
        faults("queue = [{ id = \"q\", priority = 1001 }]"),
        "line 1: queue.q.priority: must be from 0 to 1000"
    );
}

#[test]
fn a_word_that_is_none_of_the_words_lists_them() {
    assert_eq!(
        workstream("queue = \"front\"\nchannel = \"fax\"\nmode = \"forever\"\nwrapup = \"maybe\"\n"),
        "line 5: workstream.w.channel: must be chat or sms or messenger or voice or case, not \"fax\"\n\
         line 6: workstream.w.mode: must be live or persistent, not \"forever\"\n\
         line 7: workstream.w.wrapup: must be required or optional or none, not \"maybe\""
    );
    assert_eq!(
        faults("queue = [{ id = \"q\", distribution = \"random\" }]"),
        "line 1: queue.q.distribution: must be most_idle or round_robin or highest_capacity or pick, not \"random\""
    );
}

#[test]
fn the_same_id_twice_is_a_fault_of_the_second() {
    assert_eq!(
        faults(
            "[[queue]]\nid = \"a\"\n[[queue]]\nid = \"a\"\n[[token]]\nname = \"t\"\nsecret = \"x\"\nroles = [\"metrics\"]\n\
             [[token]]\nname = \"t\"\nsecret = \"y\"\nroles = [\"metrics\"]\n"
        ),
        "line 3: queue[1]: has the same id as the one in line 1\n\
         line 9: token[1]: has the same name as the one in line 5"
    );
    let agents = "[[agent]]\nusername = \"Jan\"\npassword = \"long enough\"\n\
        [[agent]]\nusername = \"Jan\"\npassword = \"long enough\"\n\
        [[agent]]\nusername = \"jan\"\npassword = \"long enough\"\n";
    assert_eq!(
        faults(agents),
        "line 4: agent[1]: has the same username as the one in line 1\n\
         line 8: agent.jan.username: differs from Jan by capitals only"
    );
}

#[test]
fn two_tokens_of_one_secret_are_a_fault_that_does_not_show_it() {
    let file = "[[token]]\nname = \"a\"\nsecret = \"same-secret\"\nroles = [\"metrics\"]\n\
        [[token]]\nname = \"b\"\nsecret = \"same-secret\"\nroles = [\"metrics\"]\n";
    assert_eq!(faults(file), "line 7: token.b.secret: is the same as that of a");
}

#[test]
fn an_id_that_is_missing_or_no_id_is_a_fault() {
    assert_eq!(
        faults("[[queue]]\nname = \"x\"\n[[queue]]\nid = \"a b\"\n[[queue]]\nid = \"\"\n[[queue]]\nid = 7\n"),
        "line 1: queue[0].id: is missing\n\
         line 4: queue[1].id: must not contain ' ' there\n\
         line 6: queue[2].id: must not be empty\n\
         line 8: queue[3].id: must be text, not a whole number"
    );
}

#[test]
fn what_a_name_points_to_must_be_there() {
    assert_eq!(
        beside(
            "[[widget]]\nid = \"x\"\nworkstream = \"nowhere\"\nproactive.rule = [{ id = \"r\", text = \"Hi\", when = \"never\" }]\n\
             [[agent]]\nusername = \"a\"\npassword = \"long enough\"\nqueues = [\n\"front\",\n\"back\"]\n"
        ),
        "line 6: widget.x.workstream: there is no workstream \"nowhere\"\n\
         line 7: widget.x.proactive.rule.r.when: there is no hours \"never\"\n\
         line 13: agent.a.queues[1]: there is no queue \"back\""
    );
    assert_eq!(
        workstream(
            "queue = \"nowhere\"\nhours = \"never\"\nwrapup_default = \"none\"\nallowed_presences = [\"lunch\"]\n"
        ),
        "line 4: workstream.w.queue: there is no queue \"nowhere\"\n\
         line 5: workstream.w.hours: there is no hours \"never\"\n\
         line 6: workstream.w.wrapup_default: there is no wrapup_reason \"none\"\n\
         line 7: workstream.w.allowed_presences[0]: there is no presence \"lunch\""
    );
    assert_eq!(workstream("name = \"x\"\n"), "line 2: workstream.w.queue: is missing");
}

#[test]
fn a_fault_of_one_part_is_not_repeated_by_what_points_to_it() {
    let file = "queue = [{ id = \"front\" }]\n[[workstream]]\nid = \"w\"\nqueue = \"front\"\nwrapup = \"required\"\n\
        allowed_presences = [\"lunch\"]\nunits = 0\n[[widget]]\nid = \"x\"\nworkstream = \"w\"\n\
        [[presence]]\nid = \"lunch\"\n[[wrapup_reason]]\nid = \"done\"\n";
    assert_eq!(
        faults(file),
        "line 7: workstream.w.units: must be from 1 to 10000\n\
         line 11: presence.lunch.base: is missing\n\
         line 11: presence.lunch.label: is missing\n\
         line 13: wrapup_reason.done.label: is missing"
    );
}

#[test]
fn a_persistent_chat_without_auth_is_a_fault() {
    assert_eq!(
        workstream("queue = \"front\"\nmode = \"persistent\"\nkeep_same_agent = false\n"),
        "line 2: workstream.w.auth: is missing: a persistent chat must know who its customer is\n\
         line 6: workstream.w.keep_same_agent: is always true for a persistent workstream"
    );
    assert_eq!(
        workstream(
            "queue = \"front\"\nmode = \"persistent\"\n[workstream.auth]\nissuer = \"i\"\npublic_keys = []\n"
        ),
        "line 6: workstream.w.auth.audience: is missing\n\
         line 8: workstream.w.auth.public_keys: must hold at least one key"
    );
    assert_eq!(
        workstream("queue = \"front\"\nchannel = \"voice\"\nmode = \"persistent\"\n"),
        "line 6: workstream.w.mode: a voice workstream cannot be persistent"
    );
}

#[test]
fn a_key_that_cannot_check_a_token_is_a_fault_that_does_not_show_it() {
    const ED25519: &str = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";
    const RSA_1024: &str = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDdlatRjRjogo3WojgGHFHYLugdUWAY9iR3fy4arWNA1KoS8kVw33cJibXr8bvwUAUparCwlvdbH6dvEOfou0/gCFQsHUfQrSDv+MuSUMAe8jzKE4qW+jK+xQU9a03GUnKHkkle+Q0pX/g6jXZ7r1/xAK5Do2kQ+X5xK9cipRgEKwIDAQAB";
    let pem = |label: &str, body: &str| format!("-----BEGIN {label}-----\\n{body}\\n-----END {label}-----");
    let keys = [
        "no key".to_owned(),
        pem("PRIVATE KEY", "c2VjcmV0"),
        pem("CERTIFICATE", "AAAA"),
        pem("PUBLIC KEY", "A*A="),
        pem("PUBLIC KEY", "AAAA"),
        pem("PUBLIC KEY", ED25519),
        pem("PUBLIC KEY", RSA_1024),
        format!("{0}\\n{0}", pem("PUBLIC KEY", ED25519)),
    ];
    let lines: Vec<_> = keys.iter().map(|key| format!("  \"{key}\",\n")).collect();
    let found = workstream(&format!(
        "queue = \"front\"\nmode = \"persistent\"\n[workstream.auth]\nissuer = \"i\"\naudience = \"a\"\npublic_keys = [\n{}]\n",
        lines.concat()
    ));
    let wanted = [
        "must be one PEM block that begins -----BEGIN PUBLIC KEY-----",
        "is a private key: it does not belong here, and should now be replaced",
        "is a PEM block of another kind; PUBLIC KEY is wanted",
        "is not base64 between its BEGIN and END",
        "is not a public key (SubjectPublicKeyInfo) between its BEGIN and END",
        "must be an RSA key or an elliptic curve key on P-256",
        "is an RSA key of 1024 bits; 2048 to 8192 are wanted",
        "must be one PEM block that begins -----BEGIN PUBLIC KEY-----",
    ];
    let wanted: Vec<_> = wanted
        .iter()
        .enumerate()
        .map(|(index, message)| {
            format!("line {}: workstream.w.auth.public_keys[{index}]: {message}", index + 10)
        })
        .collect();
    assert_eq!(found, wanted.join("\n"));
}

#[test]
fn a_case_is_always_assigned() {
    let found =
        workstream("queue = \"front\"\nchannel = \"case\"\n[workstream.notify.incoming]\nauto = \"none\"\n");
    assert_eq!(
        found,
        "line 7: workstream.w.notify.incoming.auto: cases are always assigned: it must be assign or accept"
    );
    let picked = "queue = [{ id = \"q\", distribution = \"pick\" }]\nworkstream = [{ id = \"w\", queue = \"q\", channel = \"case\" }]\n";
    assert_eq!(
        faults(picked),
        "line 2: workstream.w.queue: cases are always assigned, and nobody is assigned from a queue that is picked from"
    );
}

#[test]
fn presences_that_never_take_work_are_not_allowed() {
    let found = workstream(
        "queue = \"front\"\nallowed_presences = [\"inactive\", \"offline\", \"gone\", \"busy\", \"busy\"]\n\
         [[presence]]\nid = \"gone\"\nlabel = \"Gone\"\nbase = \"offline\"\n\
         [[presence]]\nid = \"busy\"\nlabel = \"Busy\"\nbase = \"inactive\"\n",
    );
    assert_eq!(
        found,
        "line 5: workstream.w.allowed_presences[0]: inactive is never an allowed presence\n\
         line 5: workstream.w.allowed_presences[1]: nobody who is offline can be given work\n\
         line 5: workstream.w.allowed_presences[2]: nobody who is offline can be given work\n\
         line 5: workstream.w.allowed_presences[4]: stands in the list twice\n\
         line 11: presence.busy.id: busy is a status of its own\n\
         line 13: presence.busy.base: must be available or busy or do_not_disturb or away or offline, not \"inactive\""
    );
    assert_eq!(
        workstream("queue = \"front\"\nallowed_presences = []\n"),
        "line 5: workstream.w.allowed_presences: must name at least one presence"
    );
}

#[test]
fn a_required_wrapup_needs_reasons_and_its_deadline_a_default() {
    assert_eq!(
        workstream("queue = \"front\"\nwrapup = \"required\"\n"),
        "line 5: workstream.w.wrapup: is required, but the desk has no wrapup_reason"
    );
    assert_eq!(
        workstream(
            "queue = \"front\"\nwrapup_deadline_s = 60\n[[wrapup_reason]]\nid = \"done\"\nlabel = \"Done\"\n"
        ),
        "line 2: workstream.w.wrapup_default: is missing: wrapup_deadline_s needs a reason to close with"
    );
}

#[test]
fn roles_are_for_people_or_for_machines() {
    assert_eq!(
        faults(
            "masking.reveal = [\"metrics\"]\n[[agent]]\nusername = \"a\"\npassword = \"long enough\"\nroles = [\"metrics\"]\n\
             [[agent]]\nusername = \"b\"\npassword = \"long enough\"\nroles = []\n\
             [[token]]\nname = \"t\"\nsecret = \"s\"\nroles = [\"agent\"]\n[[token]]\nname = \"u\"\nsecret = \"a b\"\n"
        ),
        "line 1: masking.reveal[0]: must be agent or supervisor or admin, not \"metrics\"\n\
         line 5: agent.a.roles[0]: must be agent or supervisor or admin, not \"metrics\"\n\
         line 9: agent.b.roles: must name at least one role\n\
         line 13: token.t.roles[0]: must be supervisor or admin or integration or metrics or bot, not \"agent\"\n\
         line 14: token.u.roles: is missing\n\
         line 16: token.u.secret: must be letters, digits and -._~+/= only, as a bearer token is"
    );
}

#[test]
fn a_password_at_fault_is_never_shown() {
    let long = "p".repeat(257);
    let found = faults(&format!(
        "[[agent]]\nusername = \"a\"\npassword = \"\"\n[[agent]]\nusername = \"b\"\npassword = 12345\n\
         [[agent]]\nusername = \"c\"\npassword = \"{long}\"\n[[agent]]\nusername = \"d\"\npassword = \"x\\u0000\"\n\
         [[agent]]\nusername = \"e\"\npassword_hash = \"$argon2id$\"\n[[agent]]\nusername = \"f\"\n"
    ));
    assert_eq!(
        found,
        "line 3: agent.a.password: must not be empty; leave the line out to keep what is set\n\
         line 6: agent.b.password: must be text, not a whole number\n\
         line 9: agent.c.password: must be at most 256 bytes\n\
         line 12: agent.d.password: must not hold control characters\n\
         line 13: agent.e.password: is missing: a new agent needs one\n\
         line 15: agent.e.password_hash: is not a key of the desk\n\
         line 16: agent.f.password: is missing: a new agent needs one"
    );
}

#[test]
fn hours_that_cannot_be_kept_are_faults() {
    let found = faults(
        "[[hours]]\nid = \"h\"\ntimezone = \"Europe/Utrecht\"\n[hours.week]\nmon = [\"08:00-08:00\", \"8-9\"]\n\
         tue = [\"24:00-25:00\"]\nwed = [\"24:00-02:00\"]\nthu = [\"09:00-12:00\", \"11:59-13:00\"]\n\
         fri = [\"22:00-03:00\"]\nsat = [\"02:59-04:00\"]\nsun = \"closed\"\nmonday = []\n",
    );
    assert_eq!(
        found,
        "line 3: hours.h.timezone: there is no time zone \"Europe/Utrecht\"\n\
         line 5: hours.h.week.mon[0]: begins where it ends (all day is 00:00-24:00)\n\
         line 5: hours.h.week.mon[1]: must be written HH:MM-HH:MM\n\
         line 6: hours.h.week.tue[0]: must hold times from 00:00 to 24:00\n\
         line 7: hours.h.week.wed[0]: begins at 24:00; write 00:00 on the next day\n\
         line 8: hours.h.week.thu[1]: overlaps 09:00-12:00\n\
         line 10: hours.h.week.sat: 02:59-04:00 overlaps 22:00-03:00 of fri\n\
         line 11: hours.h.week.sun: must be a list, not text\n\
         line 12: hours.h.week.monday: is not a key of the desk"
    );
}

#[test]
fn a_night_from_sunday_overlaps_monday() {
    let week = "week = { sun = [\"20:00-02:00\"], mon = [\"01:00-05:00\"] }";
    assert_eq!(
        faults(&format!("[[hours]]\nid = \"h\"\ntimezone = \"UTC\"\n{week}\n")),
        "line 4: hours.h.week.mon: 01:00-05:00 overlaps 20:00-02:00 of sun"
    );
}

#[test]
fn holidays_have_dates_of_the_calendar_and_hours_of_their_own() {
    let found = faults(
        "[[hours]]\nid = \"h\"\ntimezone = \"UTC\"\nweek = { wed = [\"20:00-02:00\"], fri = [\"01:00-05:00\"] }\n\
         [[hours.holidays]]\ndate = \"2026-02-29\"\n[[hours.holidays]]\ndate = \"25-12-2026\"\n\
         [[hours.holidays]]\ndate = 2026-12-24\nopen = [\"01:00-04:00\", \"23:00-02:00\"]\n\
         [[hours.holidays]]\ndate = \"2026-12-24\"\n[[hours.holidays]]\nname = \"x\"\n",
    );
    assert_eq!(
        found,
        "line 5: hours.h.holidays: 01:00-04:00 on 2026-12-24 overlaps 20:00-02:00 of the day before\n\
         line 5: hours.h.holidays: 23:00-02:00 on 2026-12-24 overlaps 01:00-05:00 of the day after\n\
         line 6: hours.h.holidays[0].date: \"2026-02-29\" is no date of the calendar (write 2026-12-25)\n\
         line 8: hours.h.holidays[1].date: \"25-12-2026\" is no date of the calendar (write 2026-12-25)\n\
         line 13: hours.h.holidays[3].date: 2026-12-24 is there already\n\
         line 14: hours.h.holidays[4].date: is missing"
    );
}

#[test]
fn a_placeholder_nobody_fills_is_a_fault() {
    let found = workstream(
        "queue = \"front\"\n[workstream.notify.incoming]\ntitle = { en = \"{customer}\", nl = \"{\" }\n\
         fields = [{ label = \"{free}\", value = \"{context.plan} {answers.order} {context.}\" }]\n\
         [workstream.texts]\nqueue_position = \"{position} {minutes}\"\nagent_joined = \"{minutes}\"\nhello = \"x\"\n",
    );
    assert_eq!(
        found,
        "line 6: workstream.w.notify.incoming.title.en: unknown placeholder {customer}\n\
         line 6: workstream.w.notify.incoming.title.nl: a { without its } (write {{ for a brace)\n\
         line 7: workstream.w.notify.incoming.fields[0].value: unknown placeholder {context.}\n\
         line 10: workstream.w.texts.agent_joined: {minutes} never has a value in this text\n\
         line 11: workstream.w.texts.hello: is not a key of the desk"
    );
    assert_eq!(
        faults(
            "quick_reply = [{ id = \"hi\", text = \"{who} {opens_at}\" }, { id = \"ho\", text = \"{opens_at}\" }]"
        ),
        "line 1: quick_reply.hi.text: unknown placeholder {who}\n\
         line 1: quick_reply.ho.text: {opens_at} never has a value in this text"
    );
}

#[test]
fn text_by_language_has_languages_and_one_of_those_it_falls_to() {
    assert_eq!(
        faults(
            "locale = \"nl\"\nmonitoring_notice = { da = \"Hej\" }\nagent_notice = { klingonese = \"x\", nl = 3, NL = \"y\" }\n"
        ),
        "line 2: monitoring_notice: needs a text in English or in the desk's language (nl)\n\
         line 3: agent_notice.klingonese: must be a language such as en, nl, cs or da\n\
         line 3: agent_notice.nl: must be text, not a whole number"
    );
    assert_eq!(
        faults("agent_notice = { en = \"x\", EN = \"y\" }"),
        "line 1: agent_notice.en: is the same language as another entry"
    );
}

#[test]
fn texts_are_bounded_and_hold_what_can_be_shown() {
    let long = "x".repeat(2001);
    assert_eq!(
        faults(&format!(
            "name = \"two\\nlines\"\nmonitoring_notice = \"{long}\"\nagent_notice = \"bell \\u0007\"\n\
             [[quick_reply]]\nid = \"q\"\ntext = \"{}\"\n[[wrapup_reason]]\nid = \"r\"\nlabel = \" \"\n",
            "x".repeat(1001)
        )),
        "line 1: name: must be one line\n\
         line 2: monitoring_notice: must be at most 2000 characters\n\
         line 3: agent_notice: must not hold control characters\n\
         line 6: quick_reply.q.text: must be at most 1000 characters\n\
         line 9: wrapup_reason.r.label: must not be empty"
    );
}

#[test]
fn a_widget_stands_on_sites_and_belongs_to_a_chat() {
    let found = faults(
        "queue = [{ id = \"front\" }]\n\n\n\
         [[workstream]]\nid = \"c\"\nqueue = \"front\"\nchannel = \"case\"\n[[widget]]\nid = \"x\"\nworkstream = \"c\"\n\
         allowed_origins = [\"self\", \"shop.example\", \"https://shop.example/\", \"https://a.example\", \"https://A.example:443\"]\n\
         prechat = [{ id = \"a\", label = \"A\", kind = \"choice\" }, { id = \"b\", label = \"B\", options = [\"x\"] }]\n\
         [[widget.proactive.rule]]\nid = \"r\"\nwhere = [\"product\"]\naudience = { min_visits = 3, max_visits = 2, device = [\"watch\"] }\n",
    );
    let origin = "must be \"self\" or a site such as https://shop.example, with nothing after the host, not";
    assert_eq!(
        found,
        format!(
            "line 10: widget.x.workstream: c is of channel case, not chat\n\
             line 11: widget.x.allowed_origins[1]: {origin} \"shop.example\"\n\
             line 11: widget.x.allowed_origins[2]: {origin} \"https://shop.example/\"\n\
             line 11: widget.x.allowed_origins[4]: stands in the list twice\n\
             line 12: widget.x.prechat.a.options: is missing: a choice needs something to choose from\n\
             line 12: widget.x.prechat.b.options: is for questions of kind choice\n\
             line 13: widget.x.proactive.rule.r.text: is missing\n\
             line 15: widget.x.proactive.rule.r.where[0]: must begin with /, * or https:// and hold no space\n\
             line 16: widget.x.proactive.rule.r.audience.device[0]: must be desktop or tablet or phone, not \"watch\"\n\
             line 16: widget.x.proactive.rule.r.audience.max_visits: is below min_visits: nobody could match"
        )
    );
}

#[test]
fn a_contact_can_be_reached_by_what_it_says() {
    assert_eq!(
        faults(
            "masking.phone_region = \"nl\"\n[[contact]]\nemail = \"a@b@c\"\nmobile = \"06-12\"\nphone = \"ask for Jan\"\n"
        ),
        "line 1: masking.phone_region: must be two capital letters such as NL\n\
         line 2: contact[0].name: is missing\n\
         line 3: contact[0].email: must be an e-mail address\n\
         line 4: contact[0].mobile: must be a telephone number of 5 to 15 digits\n\
         line 5: contact[0].phone: must be a telephone number of 5 to 15 digits"
    );
}

#[test]
fn a_list_beyond_its_bound_is_one_fault() {
    let queues = |count: usize| (0..count).map(|n| format!("[[queue]]\nid = \"q{n}\"\n")).collect::<String>();
    assert!(load(&queues(64)).is_ok());
    assert_eq!(faults(&queues(65)), "line 1: queue: holds 65 entries; at most 64 are allowed");
    let agent = |n| format!("[[agent]]\nusername = \"a{n}\"\npassword = \"long enough\"\n");
    let agents = |count: usize| (0..count).map(agent).collect::<String>();
    assert!(load(&agents(512)).is_ok());
    assert_eq!(faults(&agents(513)), "line 1: agent: holds 513 entries; at most 512 are allowed");
}

#[test]
fn beyond_five_hundred_faults_the_rest_is_counted() {
    let file: String = (0..2600).map(|n| format!("key{n} = 1\n")).collect();
    let faults = load(&file).map(|_| ()).expect_err("faults");
    assert_eq!((faults.list.len(), faults.more), (500, 2100));
    assert_eq!((faults.list[0].line, faults.list[499].line), (Some(1), Some(500)));
    assert!(faults.to_string().ends_with("line 500: key499: is not a key of the desk\nand 2100 more"));
    let exactly: String = (0..500).map(|n| format!("key{n} = 1\n")).collect();
    assert_eq!(load(&exactly).map(|_| ()).expect_err("faults").more, 0);
}

#[test]
fn a_file_beyond_its_bound_is_not_even_read() {
    let file = "#".repeat(1024 * 1024 + 1);
    assert_eq!(faults(&file), "the file holds 1048577 bytes; at most 1048576 are allowed");
    assert!(load(&file[1..]).is_ok());
}
