//! A desk for one event at a time: buffers that serve the next one, too, in a runtime where memory is dear to get and an event
//! takes a few microseconds.

use crate::identity::Hashing;
use crate::log::Log;
use crate::read::Slots;
use crate::time::Instant;
use crate::write::Writer;
use crate::{NotByFields, Transformer};

/// Longer events are for the ways that take memory of their own.
pub(crate) const ROOM: usize = 16_384;

/// What lies on it stays until the next event.
#[derive(Debug)]
pub(crate) struct Desk {
    /// Where an event is put.
    pub(crate) input: Vec<u8>,
    slots: Slots,
    hashing: Hashing,
    output: Writer,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Desk {
            input: vec![0; ROOM],
            slots: Slots::default(),
            hashing: Hashing::new(),
            output: Writer::with_capacity(2048),
        }
    }

    /// The JSON of the Amazon event that was made last; nothing if the event was dropped.
    pub(crate) fn made(&self) -> &[u8] {
        self.output.bytes()
    }

    /// Maps the JSON of an event, of so many bytes.
    pub(crate) fn transform(&mut self, transformer: &Transformer, length: usize, now: i64) {
        self.clear(transformer);
        let Desk { input, slots, hashing, output } = self;
        let (json, log) = (input.get(..length).unwrap_or_default(), &mut Log::default());
        if let Ok(event) = transformer.map_json(json, Instant(now), slots, hashing, log) {
            event.write_json(output);
            hashing.fill(output);
        }
    }

    /// Maps an event that comes as fields.
    pub(crate) fn transform_fields(
        &mut self,
        transformer: &Transformer,
        length: usize,
        count: usize,
        now: i64,
    ) -> Result<(), NotByFields> {
        self.clear(transformer);
        let Desk { input, slots, hashing, output } = self;
        let fields = input.get(..length).unwrap_or_default();
        if let Some(event) = transformer.map_fields(fields, count, Instant(now), slots, hashing)? {
            event.write_json(output);
            hashing.fill(output);
        }
        Ok(())
    }

    fn clear(&mut self, transformer: &Transformer) {
        self.slots.fit(&transformer.plan);
        self.hashing.begin();
        self.output.clear();
    }
}
