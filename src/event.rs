//! One event as it was read: the values of the plan's inputs, and the search for the first usable one.

use std::borrow::Cow;

use crate::config::Input;
use crate::plan::{Place, Plan, Sources};
use crate::read::{Json, Slots};
use crate::trace::{Log, Unusable};

#[derive(Debug)]
pub(crate) struct Event<'p, 'e> {
    pub(crate) plan: &'p Plan,
    pub(crate) slots: Slots<'e>,
}

impl<'p, 'e> Event<'p, 'e> {
    /// The first value that `usable` can make something of.
    pub(crate) fn first<T>(
        &self,
        input: Input,
        field: &'static str,
        log: &mut Log,
        usable: impl FnMut(&Json<'_>, &mut Log) -> Result<T, Unusable>,
    ) -> Option<T> {
        self.first_of(self.plan.input(input), field, log, usable)
    }

    /// As [`Event::first`], for other places than an input's.
    pub(crate) fn first_of<T>(
        &self,
        sources: &Sources,
        field: &'static str,
        log: &mut Log,
        mut usable: impl FnMut(&Json<'_>, &mut Log) -> Result<T, Unusable>,
    ) -> Option<T> {
        for source in sources {
            let Some(value) = self.at(source) else { continue };
            log.take_up();
            let result = usable(&value, log);
            if log.is_tracing() {
                log.tried(field, self.path(source), &value, result.as_ref().err().copied());
            }
            if let Ok(found) = result {
                return Some(found);
            }
        }
        None
    }

    /// The first value there is, usable or not.
    pub(crate) fn value<'s>(&'s self, sources: &'s Sources) -> Option<Cow<'s, Json<'e>>> {
        sources.iter().find_map(|source| self.at(source))
    }

    /// The value at a single place that is a path.
    pub(crate) fn slot(&self, sources: &Sources) -> Option<&Json<'e>> {
        sources.iter().find_map(|source| match source {
            Place::Slot(slot) => self.slots.get(*slot),
            Place::Const(_) => None,
        })
    }

    /// Every value there is.
    pub(crate) fn values<'s>(
        &'s self,
        sources: &'s Sources,
    ) -> impl Iterator<Item = (&'s str, Cow<'s, Json<'e>>)> {
        sources.iter().filter_map(|source| Some((self.path(source), self.at(source)?)))
    }

    fn at<'s>(&'s self, source: &'s Place) -> Option<Cow<'s, Json<'e>>> {
        match source {
            Place::Slot(slot) => self.slots.get(*slot).map(Cow::Borrowed),
            Place::Const(text) => Some(Cow::Owned(Json::Text(Cow::Owned(text.clone())))),
        }
    }

    fn path(&self, source: &Place) -> &'p str {
        match source {
            Place::Slot(slot) => self.plan.path(*slot),
            Place::Const(_) => "const",
        }
    }
}
