//! A desk for one event at a time: buffers that serve the next one, too, in a runtime where memory is dear to get and an event
//! takes a few microseconds.

use crate::identity::Hashing;
use crate::log::Log;
use crate::outcome::Note;
use crate::plan::StandIn;
use crate::read::Slots;
use crate::time::Instant;
use crate::write::Writer;
use crate::{Field, NotByFields, Transformer};

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

    /// Maps an event that comes as fields, of which some may be left out (as bits): those that stand in for what is there.
    pub(crate) fn transform_fields(
        &mut self,
        transformer: &Transformer,
        texts: &[u8],
        fields: impl Iterator<Item = Field>,
        left_out: u32,
        now: i64,
    ) -> Result<(), NotByFields> {
        self.clear(transformer);
        let Desk { slots, hashing, output } = self;
        let (now, log) = (Instant(now), &mut Log::default());
        let event = transformer.map_fields(texts, fields, now, slots, hashing, log)?;
        let lacks = |stand_in: StandIn, note| left_out & stand_in as u32 != 0 && log.has(note);
        if lacks(StandIn::Time, Note::TimeDefaulted)
            || lacks(StandIn::EventId, Note::EventIdDerived)
        {
            return Err(NotByFields);
        }
        if let Some(event) = event {
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
