//! What is remembered on the way through the pipeline: notes always, the inputs tried only when somebody asks.

use crate::codes::codes;
use crate::consent::Flags;
use crate::outcome::Note;
use crate::read::Json;
use crate::redact::shown;

codes! {
    /// Why an input that has a value was not used.
    pub enum Unusable {
        /// An identifier that is none: empty, a placeholder, malformed.
        Junk = "junk",
        /// Not of a type this field can be made from.
        WrongType = "wrong_type",
        /// No country, currency or date that is known.
        NotRecognised = "not_recognised",
        /// Not an e-mail address, and nothing else is wanted.
        NotAnAddress = "not_an_address",
        /// No amount or count, or out of range.
        NotANumber = "not_a_number",
        /// A consent string that is broken, or a word that says neither yes nor no.
        SaysNothing = "says_nothing",
        /// An amount that is not the one that was taken.
        Disagrees = "disagrees",
    }
}

/// One input that had a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// The Amazon field it was for; a match key by its type.
    pub field: &'static str,
    /// Where the value stood, keys joined by dots. What is not from the event: `const` for a `{ "const": … }`,
    /// `config.…` for another setting, `clock` for the time of mapping, `derived` for a hash of the event.
    pub path: String,
    /// The value. Redacted, unless it is a country, a time, an amount or another word that is understood.
    pub value: String,
    /// What a signal of consent says.
    pub says: Option<Flags>,
    /// What was repaired in it, or why it was left out.
    pub note: Option<Note>,
    /// Why it was not used; absent for the one that won.
    pub unusable: Option<Unusable>,
}

/// The pipeline's memory of one event.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// A bit for each, in the order of their declaration.
    notes: u32,
    /// Kept only for an explanation.
    tried: Option<Vec<Tried>>,
    /// What was noted since the input at hand was taken up.
    noted: Option<Note>,
}

const _: () = assert!(Note::ALL.len() <= u32::BITS as usize);

impl Log {
    pub(crate) fn tracing() -> Self {
        Log { tried: Some(Vec::new()), ..Log::default() }
    }

    pub(crate) fn note(&mut self, note: Note) {
        self.noted = Some(note);
        self.notes |= 1 << note as u32;
    }

    pub(crate) fn has(&self, note: Note) -> bool {
        self.notes >> note as u32 & 1 == 1
    }

    pub(crate) fn is_tracing(&self) -> bool {
        self.tried.is_some()
    }

    /// An input is taken up: what is noted from here on is noted of it.
    pub(crate) fn take_up(&mut self) {
        self.noted = None;
    }

    /// What became of the input that was taken up.
    pub(crate) fn tried(
        &mut self,
        field: &'static str,
        path: &str,
        value: Json<'_>,
        unusable: Option<Unusable>,
    ) {
        if let Some(tried) = &mut self.tried {
            tried.push(Tried {
                field,
                path: path.to_owned(),
                value: shown(field, value, unusable),
                says: None,
                note: self.noted.take(),
                unusable,
            });
        }
    }

    /// What the input just tried says of consent.
    pub(crate) fn says(&mut self, flags: Flags) {
        if let Some(last) = self.tried.as_mut().and_then(|tried| tried.last_mut()) {
            last.says = Some(flags);
        }
    }

    /// The notes and what was tried.
    pub(crate) fn finish(self) -> (Vec<Note>, Vec<Tried>) {
        let notes = Note::ALL.iter().copied().filter(|note| self.has(*note)).collect();
        (notes, self.tried.unwrap_or_default())
    }
}
