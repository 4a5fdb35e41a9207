//! The config compiled once: every path that any rule asks for in one trie, and rules that refer to its slots. So a
//! user's own mapping costs what the built-in one costs, and one event costs one pass.

use std::borrow::Cow;
use std::ops::Range;

use crate::amazon::{ConversionType, MatchKeyType};
use crate::config::{Config, EventSetting, Input, RuleConfig, Source, UserIdAs};
use crate::identity;
use crate::mapping::{self, inputs::with_context_traits, presets};
use crate::outcome::DropReason;
use crate::scan;

/// A place in [`crate::read::Slots`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SlotId(pub(crate) usize);

impl SlotId {
    /// Stands for everything that is the same for every event.
    pub(crate) const CONST_BIT: u64 = 1 << 63;

    /// One of 63 bits, so that a look at a word tells that nothing is there. Slots may share one.
    #[inline(always)]
    pub(crate) fn bit(self) -> u64 {
        1 << (self.0 % 63)
    }
}

/// One key on the way to the wanted values.
#[derive(Debug, Default)]
pub(crate) struct Node {
    pub(crate) id: usize,
    key: String,
    /// By [`bucket`].
    children: Vec<Node>,
    /// For each bucket the first of its children, counted from 1, or 0; nothing at all where there are no children.
    buckets: Vec<u16>,
    /// The bucket of its own key.
    bucket: usize,
    /// Set if a path ends here.
    pub(crate) slot: Option<SlotId>,
    /// The slots of this node and all below it.
    pub(crate) slots: Range<usize>,
}

impl Node {
    #[inline(always)]
    pub(crate) fn child(&self, key: &[u8]) -> Option<&Node> {
        let bucket = bucket(key);
        let first = usize::from(*self.buckets.get(bucket)?).checked_sub(1)?;
        let candidates = self.children.iter().skip(first);
        candidates
            .take_while(|child| child.bucket == bucket)
            .find(|child| scan::same(child.key.as_bytes(), key))
    }

    fn insert(&mut self, path: &str) {
        let mut node = self;
        for key in path.split('.') {
            let at = node.children.iter().position(|child| child.key == key).unwrap_or_else(|| {
                let bucket = bucket(key.as_bytes());
                let at = node.children.partition_point(|child| child.bucket <= bucket);
                node.children.insert(at, Node { key: key.to_owned(), bucket, ..Node::default() });
                at
            });
            match node.children.get_mut(at) {
                Some(child) => node = child,
                None => return,
            }
        }
        // The number is given by `number`, once the trie is whole.
        node.slot = Some(SlotId(0));
    }

    /// Numbers nodes and slots from the top down, so that the slots below a node are neighbours.
    fn number(&mut self, next_node: &mut usize, paths: &mut Vec<String>, path: &str) {
        self.id = *next_node;
        *next_node += 1;
        let start = paths.len();
        if let Some(slot) = &mut self.slot {
            *slot = SlotId(start);
            paths.push(path.to_owned());
        }
        if !self.children.is_empty() {
            self.buckets = vec![0; BUCKETS];
        }
        for (place, child) in (1..).zip(&self.children) {
            if let Some(first @ 0) = self.buckets.get_mut(child.bucket) {
                *first = place;
            }
        }
        for child in &mut self.children {
            let path = match path {
                "" => child.key.clone(),
                path => [path, ".", &child.key].concat(),
            };
            child.number(next_node, paths, &path);
        }
        self.slots = start..paths.len();
    }
}

const BUCKETS: usize = 64;

/// Most keys are nobody's: a glance at length, first and last byte tells that, or leaves one to compare.
#[inline(always)]
fn bucket(key: &[u8]) -> usize {
    let [first, last] = [key.first(), key.last()].map(|byte| usize::from(*byte.unwrap_or(&0)));
    (key.len() + first * 7 + last * 3) % BUCKETS
}

/// A compiled [`Source`].
#[derive(Debug)]
pub(crate) enum Place {
    Slot(SlotId),
    Const(String),
}

/// Where a value is looked for; the first usable one wins.
#[derive(Debug)]
pub(crate) struct Sources {
    pub(crate) places: Vec<Place>,
    /// The [`SlotId::bit`]s of its places.
    pub(crate) bits: u64,
}

impl Sources {
    const NONE: &Sources = &Sources { places: Vec::new(), bits: 0 };
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

/// What the rule for an event is looked up by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RuleKey<'v> {
    /// An event's name, as by [`mapping::event_key`].
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
            const PATHS: &'static [&'static [&'static str]] = &[$(&[$($path),+]),+];

            fn compile(trie: &Trie) -> Self {
                Fixed { $($name: trie.places(&[$($path),+]),)+ }
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
    landing_url: "context.page.url";
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
    trie: Trie,
    inputs: Vec<Sources>,
    /// The match keys that something can feed.
    pub(crate) match_keys: Vec<MatchKeyType>,
    /// The [`SlotId::bit`]s of everything that speaks of consent.
    pub(crate) consent: u64,
    /// By event name; `None` is switched off.
    by_name: Rules,
    /// By the type of events that have no name.
    by_type: Rules,
    /// For everything else.
    unmapped: Option<Rule>,
}

/// Rules by name, sorted; `None` is switched off. (A hash map would bring more code than a handful of names is worth.)
#[derive(Debug, Default)]
struct Rules(Vec<(String, Option<Rule>)>);

impl Rules {
    fn place(&self, key: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(name, _)| name.as_str().cmp(key))
    }

    fn put(&mut self, key: &str, rule: Option<Rule>) {
        if let Ok(at) = self.place(key) {
            self.0.remove(at);
        }
        let at = self.place(key).unwrap_or_else(|at| at);
        self.0.insert(at, (key.to_owned(), rule));
    }

    fn get(&self, key: &str) -> Option<&Option<Rule>> {
        self.0.get(self.place(key).ok()?).map(|(_, rule)| rule)
    }
}

#[derive(Debug)]
struct Trie {
    root: Node,
    nodes: usize,
    paths: Vec<String>,
}

impl Trie {
    fn new(paths: impl Iterator<Item = String>) -> Self {
        let mut root = Node::default();
        for path in paths {
            root.insert(&path);
        }
        let (mut nodes, mut paths) = (0, Vec::new());
        root.number(&mut nodes, &mut paths, "");
        Trie { root, nodes, paths }
    }

    fn slot(&self, path: &str) -> SlotId {
        let node = path.split('.').try_fold(&self.root, |node, key| node.child(key.as_bytes()));
        // A path that was never put in reads as nothing, at a place no event fills.
        node.and_then(|node| node.slot).unwrap_or(SlotId(usize::MAX))
    }

    #[inline(never)]
    fn places(&self, paths: &[&str]) -> Sources {
        paths.iter().map(|path| Place::Slot(self.slot(path))).collect()
    }

    #[inline(never)]
    fn compile(&self, sources: &[Source]) -> Sources {
        sources
            .iter()
            .map(|source| match source {
                Source::Path(path) => Place::Slot(self.slot(path)),
                Source::Const(text) => Place::Const(text.clone()),
            })
            .collect()
    }

    /// `key` is the event name or type that the rule is for, if it is for one.
    fn rule(
        &self,
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
            value: self.compile(&config.value),
            custom_data: config
                .custom_data
                .iter()
                .map(|(name, from)| (name.clone(), self.compile(from)))
                .collect(),
        }
    }
}

impl Plan {
    pub(crate) fn compile(config: Config) -> Self {
        let input_sources: Vec<Vec<Source>> =
            Input::ALL.iter().map(|input| sources_of(*input, &config)).collect();
        let paths = Fixed::PATHS
            .iter()
            .flat_map(|paths| paths.iter().map(|path| (*path).to_owned()))
            .chain(input_sources.iter().flatten().chain(rule_sources(&config)).filter_map(
                |source| match source {
                    Source::Path(path) => Some(path.clone()),
                    Source::Const(_) => None,
                },
            ));
        let trie = Trie::new(paths);

        let mut by_name = Rules::default();
        let mut by_type = Rules::default();
        let mut put = |key: &str, rule| {
            let rules =
                if mapping::NAMELESS_TYPES.contains(&key) { &mut by_type } else { &mut by_name };
            rules.put(key, rule);
        };
        let nothing = RuleConfig::default();
        for (key, conversion_type) in presets::rules(config.preset) {
            put(key, Some(trie.rule(Some(key), conversion_type, &nothing)));
        }
        for (key, setting) in &config.events {
            let rule = match setting {
                EventSetting::Disabled => None,
                EventSetting::Rule(rule) => {
                    let own = rule.conversion_type.or_else(|| presets::rule(config.preset, key));
                    let conversion_type = own.or(config.unmapped).unwrap_or(ConversionType::Other);
                    Some(trie.rule(Some(key), conversion_type, rule))
                }
            };
            put(key, rule);
        }
        let fixed = Fixed::compile(&trie);
        let inputs: Vec<Sources> =
            input_sources.iter().map(|sources| trie.compile(sources)).collect();
        let input = |input: Input| inputs.get(input as usize).unwrap_or(Sources::NONE);
        let is_fed = |key: &MatchKeyType| match key {
            MatchKeyType::Email => true,
            MatchKeyType::MatchId if config.user_id_as == UserIdAs::MatchId => true,
            key => input(identity::input_of(*key)).bits != 0,
        };
        let consent = [input(Input::Tcf), input(Input::Gpp), input(Input::OptOut)]
            .into_iter()
            .chain(fixed.consent())
            .fold(0, |bits, sources| bits | sources.bits);
        Plan {
            match_keys: config.match_keys.iter().copied().filter(is_fed).collect(),
            consent,
            fixed,
            inputs,
            by_name,
            by_type,
            unmapped: config
                .unmapped
                .map(|conversion_type| trie.rule(None, conversion_type, &nothing)),
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
        self.trie.paths.len()
    }

    /// All paths that are looked at.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.trie.paths.iter().map(String::as_str)
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
        self.by_name.0.iter().map(|(name, _)| name.as_str())
    }
}

fn sources_of(input: Input, config: &Config) -> Vec<Source> {
    let built_in = || input.paths().iter().map(|path| Source::Path((*path).to_owned())).collect();
    let own = config.inputs.iter().find(|(name, _)| *name == input);
    let sources: Vec<Source> = own.map_or_else(built_in, |(_, sources)| sources.clone());
    let spread = |source| match source {
        Source::Path(path) => with_context_traits(&path).map(Source::Path).collect(),
        constant @ Source::Const(_) => vec![constant],
    };
    sources.into_iter().flat_map(spread).collect()
}

fn rule_sources(config: &Config) -> impl Iterator<Item = &Source> {
    config.events.iter().flat_map(|(_, setting)| {
        let rule = match setting {
            EventSetting::Disabled => None,
            EventSetting::Rule(rule) => Some(rule),
        };
        rule.into_iter().flat_map(|rule| {
            rule.value.iter().chain(rule.custom_data.iter().flat_map(|(_, from)| from))
        })
    })
}
