//! A desk for one event at a time: buffers that serve the next one, too, in a runtime where memory is dear to get and an event
//! takes a few microseconds.

use crate::identity::Hashing;
use crate::log::Log;
use crate::read::Slots;
use crate::time::Instant;
use crate::write::Writer;
use crate::{NotByFields, Transformer};

/// What was made on it stays until the next event.
#[derive(Debug)]
pub(crate) struct Desk {
    slots: Slots,
    hashing: Hashing,
    output: Writer,
}

impl Default for Desk {
    fn default() -> Self {
        Desk {
            slots: Slots::default(),
            hashing: Hashing::new(),
            output: Writer::with_capacity(2048),
        }
    }
}

impl Desk {
    /// The JSON of the Amazon event that was made last; nothing if the event was dropped.
    pub(crate) fn made(&self) -> &[u8] {
        self.output.bytes()
    }

    /// Maps the JSON of an event.
    pub(crate) fn transform(&mut self, transformer: &Transformer, json: &[u8], now: i64) {
        self.clear(transformer);
        let Desk { slots, hashing, output } = self;
        let log = &mut Log::default();
        if let Ok(event) = transformer.map_json(json, Instant(now), slots, hashing, log) {
            event.write_json(output);
            hashing.fill(output);
        }
    }

    /// Maps an event that comes as fields.
    pub(crate) fn transform_fields(
        &mut self,
        transformer: &Transformer,
        fields: &[u8],
        count: usize,
        now: i64,
    ) -> Result<(), NotByFields> {
        self.clear(transformer);
        let Desk { slots, hashing, output } = self;
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
