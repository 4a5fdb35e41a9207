//! The config compiled once: every path that any rule asks for in one trie, and rules that refer to its slots. So a
//! user's own mapping costs what the built-in one costs, and one event costs one pass.

use std::borrow::Cow;

use crate::amazon::{ConversionType, MatchKeyType};
use crate::config::{Config, EventSetting, Input, RuleConfig, Source, UserIdAs};
use crate::country::Countries;
use crate::identity;
use crate::mapping::{self, presets};
use crate::outcome::DropReason;
use crate::trie::{Key, Node, SlotId, Trie};

/// A compiled [`Source`].
#[derive(Debug)]
pub(crate) enum Place {
    Slot(SlotId),
    Const(String),
}

/// Where a value is looked for; the first usable one wins.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    pub(crate) places: Vec<Place>,
    /// The [`SlotId::bit`]s of its places.
    pub(crate) bits: u64,
}

impl Sources {
    const NONE: &Sources = &Sources { places: Vec::new(), bits: 0 };

    fn slots(&self) -> impl Iterator<Item = SlotId> {
        self.places.iter().filter_map(|place| match place {
            Place::Slot(slot) => Some(*slot),
            Place::Const(_) => None,
        })
    }
}

impl FromIterator<Place> for Sources {
    fn from_iter<I: IntoIterator<Item = Place>>(places: I) -> Self {
        let places: Vec<Place> = places.into_iter().collect();
        let bits = places.iter().fold(0, |bits, place| {
            bits | match place {
                Place::Slot(slot) => slot.bit(),
                Place::Const(_) => SlotId::CONST_BIT,
            }
        });
        Sources { places, bits }
    }
}

/// What something may stand in for.
#[cfg(feature = "wasm")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StandIn {
    /// The time of an event.
    Time = 1,
    /// Its id.
    EventId = 2,
}

/// What the rule for an event is looked up by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RuleKey<'v> {
    /// An event's name, as by [`mapping::event_key`], or as it is if it is ASCII.
    Name(Cow<'v, str>),
    /// The type of a call that has no name.
    Type(Cow<'v, str>),
    /// Neither: only `unmapped` can take it.
    None,
}

/// What events of a rule are called.
#[derive(Debug)]
pub(crate) enum RuleName {
    /// By the config, whatever they are called themselves.
    Own(String),
    /// As the rule, at Amazon; and whether that had to be cleaned.
    Key(String, bool),
    /// As they call themselves: the rule is for any.
    Events,
}

/// What one event name or type becomes.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) conversion_type: ConversionType,
    pub(crate) name: RuleName,
    pub(crate) data_set_name: Option<String>,
    pub(crate) value: Sources,
    pub(crate) custom_data: Vec<(String, Sources)>,
}

/// Paths that no setting changes.
macro_rules! fixed {
    ($($name:ident: $($path:literal),+;)+) => {
        /// Slots of the paths that no setting changes.
        #[derive(Debug)]
        pub(crate) struct Fixed { $(pub(crate) $name: Sources,)+ }

        impl Fixed {
            fn compile(trie: &mut Trie) -> Self {
                Fixed { $($name: places(trie, &[$($path),+]),)+ }
            }
        }
    };
}

fixed! {
    event_type: "type";
    event_name: "event";
    anonymous_id: "anonymousId";
    order_id: "properties.order_id";
    amounts: "properties.total", "properties.revenue", "properties.value";
    quantity: "properties.quantity";
    ad_tracking: "context.device.adTrackingEnabled";
    user_data: "context.consent.amazonConsent.amznUserData", "context.consent.amazonConsentFormat.amznUserData",
        "properties.amznUserData";
    ad_storage: "context.consent.amazonConsent.amznAdStorage", "context.consent.amazonConsentFormat.amznAdStorage",
        "properties.amznAdStorage";
    category_preferences: "context.consent.categoryPreferences";
    allowed_ids: "context.consentManagement.allowedConsentIds";
    denied_ids: "context.consentManagement.deniedConsentIds";
    one_trust: "context.consent.oneTrust";
    google: "context.consent.google";
}

impl Fixed {
    /// What speaks of consent.
    fn consent(&self) -> [&Sources; 7] {
        [
            &self.user_data,
            &self.ad_storage,
            &self.category_preferences,
            &self.allowed_ids,
            &self.denied_ids,
            &self.one_trust,
            &self.google,
        ]
    }
}

/// The whole of it.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) config: Config,
    pub(crate) fixed: Fixed,
    /// Where somebody landed, if click tokens are asked for.
    pub(crate) landing_url: Sources,
    trie: Trie,
    inputs: Vec<Sources>,
    /// The match keys that something can feed, with the [`SlotId::bit`]s of what does.
    pub(crate) match_keys: Vec<(MatchKeyType, u64)>,
    /// The [`SlotId::bit`]s of everything that speaks of consent.
    pub(crate) consent: u64,
    /// Those of the config's `optInCountries`.
    pub(crate) opt_in: Countries,
    /// By event name; `None` is switched off.
    by_name: Rules,
    /// By the type of events that have no name.
    by_type: Rules,
    /// For everything else.
    unmapped: Option<Rule>,
}

/// Rules by name, sorted; `None` is switched off. (A hash map would bring more code than a handful of names is worth.)
#[derive(Debug, Default)]
struct Rules {
    list: Vec<(String, Option<Rule>)>,
    /// Of each of them a mark by which nearly all others are told at a glance.
    marks: Vec<u64>,
    /// By the mark where each of them stands, counted from 1, or behind those that had the place first. Most places have 0.
    places: Vec<u32>,
}

/// The same for a name in any case, if it is ASCII.
fn mark(name: &str) -> u64 {
    let lower = u64::from_ne_bytes([0x20; 8]);
    let [head, tail] = Key::new(name.as_bytes()).ends().map(|end| end | lower);
    (head ^ tail.rotate_left(23) ^ name.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl Rules {
    fn put(&mut self, key: &str, rule: Option<Rule>) {
        match self.list.binary_search_by(|(name, _)| name.as_str().cmp(key)) {
            Ok(at) => {
                if let Some(place) = self.list.get_mut(at) {
                    place.1 = rule;
                }
            }
            Err(at) => self.list.insert(at, (key.to_owned(), rule)),
        }
    }

    /// Gives each its place: all are there.
    fn finish(mut self) -> Self {
        self.marks = self.list.iter().map(|(name, _)| mark(name)).collect();
        self.places = vec![0; (4 * self.list.len()).next_power_of_two()];
        for (mark, number) in self.marks.iter().zip(1..) {
            let mut at = self.place(*mark);
            while self.places.get(at).is_some_and(|taken| *taken != 0) {
                at = (at + 1) & (self.places.len() - 1);
            }
            if let Some(place) = self.places.get_mut(at) {
                *place = number;
            }
        }
        self
    }

    fn place(&self, mark: u64) -> usize {
        // The highest bits depend on all of a name.
        usize::try_from(mark >> 40).unwrap_or(0) & (self.places.len() - 1)
    }

    /// The rule for a name in lower case, or for one that is ASCII in any.
    fn get(&self, key: &str) -> Option<&Option<Rule>> {
        let wanted = mark(key);
        let mut at = self.place(wanted);
        loop {
            let number = usize::try_from(self.places.get(at)?.checked_sub(1)?).ok()?;
            if self.marks.get(number) == Some(&wanted)
                && let Some((name, rule)) = self.list.get(number)
                && name.eq_ignore_ascii_case(key)
            {
                return Some(rule);
            }
            at = (at + 1) & (self.places.len() - 1);
        }
    }
}

#[inline(never)]
fn places(trie: &mut Trie, paths: &[&str]) -> Sources {
    paths.iter().map(|path| Place::Slot(trie.slot(path))).collect()
}

#[inline(never)]
fn sources(trie: &mut Trie, sources: &[Source]) -> Sources {
    let place = |source: &Source| match source {
        Source::Path(path) => Place::Slot(trie.slot(path)),
        Source::Const(text) => Place::Const(text.clone()),
    };
    sources.iter().map(place).collect()
}

#[inline(never)]
fn input_sources(trie: &mut Trie, input: Input, config: &Config) -> Sources {
    if !is_looked_at(input, config) {
        return Sources::default();
    }
    let mut places = Vec::new();
    match config.inputs.iter().find(|(name, _)| *name == input) {
        None => input.paths().iter().for_each(|path| spread(trie, path, &mut places)),
        Some((_, own)) => {
            for source in own {
                match source {
                    Source::Path(path) => spread(trie, path, &mut places),
                    Source::Const(text) => places.push(Place::Const(text.clone())),
                }
            }
        }
    }
    places.into_iter().collect()
}

/// The path itself, and its twin under `context` if it begins with `traits`: server-side libraries put traits there.
fn spread(trie: &mut Trie, path: &str, places: &mut Vec<Place>) {
    places.push(Place::Slot(trie.slot(path)));
    if path == "traits" || path.starts_with("traits.") {
        places.push(Place::Slot(trie.slot(&["context.", path].concat())));
    }
}

/// Whether anything is made of an input.
fn is_looked_at(input: Input, config: &Config) -> bool {
    match input {
        Input::Ip => config.consent.geo_ip,
        Input::UserAgent => config.extras.user_agent,
        // The user id is also a part of derived event ids.
        Input::UserId => true,
        _ => {
            let mut keys = MatchKeyType::ALL.iter();
            let key = keys.find(|key| identity::input_of(**key) == input);
            key.is_none_or(|key| config.match_keys.contains(key))
        }
    }
}

/// `key` is the event name or type that the rule is for, if it is for one.
fn rule(
    trie: &mut Trie,
    key: Option<&str>,
    conversion_type: ConversionType,
    config: &RuleConfig,
) -> Rule {
    let name = match (config.name.as_deref(), key.map(mapping::event_name)) {
        (Some(own), _) => RuleName::Own(mapping::event_name(own).0),
        (None, Some((name, cleaned))) => RuleName::Key(name, cleaned),
        (None, None) => RuleName::Events,
    };
    Rule {
        conversion_type,
        name,
        data_set_name: config.data_set_name.clone(),
        value: sources(trie, &config.value),
        custom_data: config
            .custom_data
            .iter()
            .map(|(name, from)| (name.clone(), sources(trie, from)))
            .collect(),
    }
}

/// The rule of a preset's event, which is in lower case and clean.
fn preset_rule(key: &str, conversion_type: ConversionType) -> Rule {
    Rule {
        conversion_type,
        name: RuleName::Key(key.to_owned(), false),
        data_set_name: None,
        value: Sources::default(),
        custom_data: Vec::new(),
    }
}

impl Plan {
    pub(crate) fn compile(config: Config) -> Self {
        let mut trie = Trie::new();
        // First, so that they share no bit: whether an event speaks of consent is asked of each.
        let consent_inputs = [Input::Tcf, Input::Gpp, Input::OptOut]
            .map(|input| input_sources(&mut trie, input, &config));
        let fixed = Fixed::compile(&mut trie);
        let consent = consent_inputs
            .iter()
            .chain(fixed.consent())
            .fold(0, |bits, sources| bits | sources.bits);
        // Last, so that it is these that share a bit: nearly every event has some of them.
        let last = [Input::EventTime, Input::Country];
        let mut inputs: Vec<Sources> = Input::ALL.iter().map(|_| Sources::default()).collect();
        let others = Input::ALL.iter().filter(|input| !last.contains(input));
        for input in others.chain(&last) {
            if let Some(place) = inputs.get_mut(*input as usize) {
                *place = input_sources(&mut trie, *input, &config);
            }
        }
        let landing_url = if config.extras.aref {
            places(&mut trie, &["context.page.url"])
        } else {
            Sources::default()
        };

        let mut by_name = Rules::default();
        let mut by_type = Rules::default();
        let mut put = |key: &str, rule| {
            let rules =
                if mapping::NAMELESS_TYPES.contains(&key) { &mut by_type } else { &mut by_name };
            rules.put(key, rule);
        };
        for (key, conversion_type) in presets::rules(config.preset) {
            put(key, Some(preset_rule(key, conversion_type)));
        }
        for (key, setting) in &config.events {
            let rule = match setting {
                EventSetting::Disabled => None,
                EventSetting::Rule(config_of_rule) => {
                    let own = config_of_rule
                        .conversion_type
                        .or_else(|| presets::rule(config.preset, key));
                    let conversion_type = own.or(config.unmapped).unwrap_or(ConversionType::Other);
                    Some(rule(&mut trie, Some(key), conversion_type, config_of_rule))
                }
            };
            put(key, rule);
        }
        let unmapped = config
            .unmapped
            .map(|conversion_type| rule(&mut trie, None, conversion_type, &RuleConfig::default()));
        let input = |input: Input| inputs.get(input as usize).unwrap_or(Sources::NONE);
        input(Input::Products).slots().for_each(|list| trie.lines(list));
        let fed_by = |key: MatchKeyType| {
            let stands_in = match key {
                MatchKeyType::Email => config.user_id_as != UserIdAs::None,
                MatchKeyType::MatchId => config.user_id_as == UserIdAs::MatchId,
                _ => false,
            };
            let user_id = if stands_in { input(Input::UserId).bits } else { 0 };
            input(identity::input_of(key)).bits | user_id
        };
        let match_keys = config.match_keys.iter().map(|key| (*key, fed_by(*key)));
        Plan {
            opt_in: Countries::of(&config.consent.opt_in_countries),
            match_keys: match_keys.filter(|(_, bits)| *bits != 0).collect(),
            consent,
            fixed,
            landing_url,
            inputs,
            by_name: by_name.finish(),
            by_type: by_type.finish(),
            unmapped,
            trie,
            config,
        }
    }

    pub(crate) fn root(&self) -> &Node {
        &self.trie.root
    }

    pub(crate) fn node_count(&self) -> usize {
        self.trie.nodes
    }

    pub(crate) fn slot_count(&self) -> usize {
        self.trie.slots()
    }

    /// What stands for a path, if it leads to a list of an order's lines.
    pub(crate) fn list(&self, slot: SlotId) -> Option<&Node> {
        let mut lists = self.input(Input::Products).slots();
        lists.find(|list| *list == slot).and_then(|list| self.trie.node(self.path(list)))
    }

    /// How many paths there are, and as many slots that they lead to.
    pub(crate) fn path_count(&self) -> usize {
        self.trie.paths.len()
    }

    /// All paths that are looked at.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.trie.paths.iter().map(String::as_str)
    }

    /// The slots of lists of which nobody looks at more than the lines of an order.
    pub(crate) fn lines(&self) -> impl Iterator<Item = SlotId> {
        self.input(Input::Products).slots().filter(|slot| slot.bit() & self.consent == 0)
    }

    /// The slots that are looked at only if what another one has is unusable: what they stand in for, the other one, and they.
    #[cfg(feature = "wasm")]
    pub(crate) fn spares(&self) -> impl Iterator<Item = (StandIn, SlotId, SlotId)> {
        let fixed = &self.fixed;
        let times = self.input(Input::EventTime).slots().skip(1);
        let ids = fixed.anonymous_id.slots().chain(fixed.order_id.slots());
        let of = |stand_in: StandIn, input| {
            let first = self.input(input).places.first();
            move |spare| match first {
                Some(Place::Slot(slot)) => Some((stand_in, *slot, spare)),
                _ => None,
            }
        };
        let times = times.filter_map(of(StandIn::Time, Input::EventTime));
        let ids = ids.filter_map(of(StandIn::EventId, Input::MessageId));
        times
            .chain(ids)
            .filter(|(_, _, spare)| self.trie.is_used_once(*spare) && self.is_leaf(*spare))
    }

    /// Whether nothing is looked at below a path.
    #[cfg(feature = "wasm")]
    fn is_leaf(&self, slot: SlotId) -> bool {
        self.trie.node(self.path(slot)).is_some_and(|node| node.is_leaf)
    }

    /// The path that leads to a slot.
    pub(crate) fn path(&self, slot: SlotId) -> &str {
        self.trie.paths.get(slot.0).map_or("", String::as_str)
    }

    pub(crate) fn input(&self, input: Input) -> &Sources {
        self.inputs.get(input as usize).unwrap_or(Sources::NONE)
    }

    /// The rule for an event.
    pub(crate) fn rule(&self, key: &RuleKey<'_>) -> Result<&Rule, DropReason> {
        let rule = match key {
            RuleKey::Name(name) => self.by_name.get(name),
            RuleKey::Type(call_type) => self.by_type.get(call_type),
            RuleKey::None => None,
        };
        match rule {
            Some(rule) => rule.as_ref().ok_or(DropReason::DisabledEvent),
            None => self.unmapped.as_ref().ok_or(DropReason::UnmappedEvent),
        }
    }

    /// The event names that have a rule.
    pub(crate) fn event_names(&self) -> impl Iterator<Item = &str> {
        self.by_name.list.iter().map(|(name, _)| name.as_str())
    }
}
