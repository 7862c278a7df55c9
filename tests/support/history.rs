//! Years of talk, for boxes that must not mind it.

use std::path::Path;
use std::time::Duration;

use deskbell::shell::records::{Author, Message};
use deskbell::store::records::Record;
use deskbell::store::{Options, Store, Table};

/// Writes history through the store itself: closed conversations nobody asks for.
pub(crate) fn write_history(dir: &Path, bytes: u64) {
    let (store, _) = Store::<()>::open(Options::new(dir)).expect("the box's own store");
    let text = "A line of a conversation of years ago, as long as such lines are. ".repeat(14);
    let (mut conversation, mut seq, mut written) = (1_u64, 0_u32, 0_u64);
    while written < bytes {
        let mut batch = store.batch();
        for _ in 0..256 {
            seq += 1;
            if seq > 200 {
                (conversation, seq) = (conversation + 1, 1);
            }
            let message = Message {
                seq,
                at_ms: 1_700_000_000_000,
                from: Author::Customer,
                text: text.clone(),
                code: None,
                client_id: Some(format!("c{seq}")),
                delivery: None,
            };
            let mut key = [0; 12];
            key[..8].copy_from_slice(&conversation.to_be_bytes());
            key[8..].copy_from_slice(&seq.to_be_bytes());
            let mut value = Vec::new();
            message.encode(&mut value);
            written += value.len() as u64;
            batch.put(Table::Messages, &key, &value);
        }
        let mut refused = store.submit(batch).err();
        while let Some(again) = refused {
            std::thread::sleep(Duration::from_millis(5));
            refused = store.submit(again.batch).err();
        }
    }
    store.shutdown().expect("a clean stop");
}
