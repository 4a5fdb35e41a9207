//! One event as it was read: the values of the plan's inputs, and the search for the first usable one.

use crate::config::Input;
use crate::log::{Log, Unusable};
use crate::plan::{Place, Plan, Sources};
use crate::read::{Json, Line, Slots};

/// `'e` is the event's text and the plan, which outlive what is made of them; `'s` the slots, which serve the next event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Event<'s, 'e> {
    pub(crate) plan: &'e Plan,
    /// What was read into the slots.
    pub(crate) text: &'e str,
    pub(crate) slots: &'s Slots,
}

impl<'e> Event<'_, 'e> {
    /// Whether one of an input's places may have a value.
    #[inline]
    pub(crate) fn may_have(&self, input: Input) -> bool {
        self.slots.may_have(self.plan.input(input).bits)
    }

    /// The first value that `usable` can make something of.
    #[inline]
    pub(crate) fn first<T>(
        &self,
        input: Input,
        field: &'static str,
        log: &mut Log,
        usable: impl FnMut(Json<'e>, &mut Log) -> Result<T, Unusable>,
    ) -> Option<T> {
        self.first_of(self.plan.input(input), field, log, usable)
    }

    /// As [`Event::first`], for other places than an input's.
    #[inline]
    pub(crate) fn first_of<T>(
        &self,
        sources: &'e Sources,
        field: &'static str,
        log: &mut Log,
        mut usable: impl FnMut(Json<'e>, &mut Log) -> Result<T, Unusable>,
    ) -> Option<T> {
        self.first_at(sources, field, log, |_, value, log| usable(value, log))
    }

    /// As [`Event::first`], of the lines of an order.
    pub(crate) fn first_lines<T>(
        &self,
        field: &'static str,
        log: &mut Log,
        usable: impl Fn(&mut dyn Iterator<Item = Line<Json<'e>>>) -> Option<T>,
    ) -> Option<T> {
        self.first_at(self.plan.input(Input::Products), field, log, |source, value, _| {
            let lines = match (source, value) {
                (Place::Slot(list), Json::Array(_)) => {
                    usable(&mut self.slots.lines(*list, self.text))
                }
                _ => None,
            };
            lines.ok_or(Unusable::NotANumber)
        })
    }

    #[inline]
    fn first_at<T>(
        &self,
        sources: &'e Sources,
        field: &'static str,
        log: &mut Log,
        mut usable: impl FnMut(&Place, Json<'e>, &mut Log) -> Result<T, Unusable>,
    ) -> Option<T> {
        if !self.slots.may_have(sources.bits) {
            return None;
        }
        for source in &sources.places {
            let Some(value) = self.at(source) else { continue };
            log.take_up();
            let result = usable(source, value, log);
            if log.is_tracing() {
                self.tried(field, source, value, result.as_ref().err().copied(), log);
            }
            if let Ok(found) = result {
                return Some(found);
            }
        }
        None
    }

    /// The first value there is, usable or not.
    #[inline]
    pub(crate) fn value(&self, sources: &'e Sources) -> Option<Json<'e>> {
        if !self.slots.may_have(sources.bits) {
            return None;
        }
        sources.places.iter().find_map(|source| self.at(source))
    }

    /// Every value there is.
    #[inline]
    pub(crate) fn values(self, sources: &'e Sources) -> impl Iterator<Item = (&'e str, Json<'e>)> {
        let places: &[Place] =
            if self.slots.may_have(sources.bits) { &sources.places } else { &[] };
        places.iter().filter_map(move |source| Some((self.path(source), self.at(source)?)))
    }

    #[inline]
    fn at(&self, source: &'e Place) -> Option<Json<'e>> {
        match source {
            Place::Slot(slot) => self.slots.get(*slot, self.text),
            Place::Const(text) => Some(Json::Text(text)),
        }
    }

    #[cold]
    #[inline(never)]
    fn tried(
        &self,
        field: &'static str,
        source: &'e Place,
        value: Json<'e>,
        unusable: Option<Unusable>,
        log: &mut Log,
    ) {
        log.tried(field, self.path(source), value, unusable);
    }

    fn path(&self, source: &Place) -> &'e str {
        match source {
            Place::Slot(slot) => self.plan.path(*slot),
            Place::Const(_) => "const",
        }
    }
}
