//! The boundary to JavaScript: the only file that knows of wasm-bindgen. Objects cross as JSON text, bytes as bytes.
//!
//! What takes an object here is for who loads `pkg/` as it is. The npm package has its own forms of these, which write only
//! what the config looks at, and call those that take bytes.

#![expect(clippy::needless_pass_by_value, reason = "values cross the boundary as they are")]

use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::sync::OnceLock;

use js_sys::{Array, Date, JSON, JsString, Object, Reflect, Uint8Array, Uint32Array};
use wasm_bindgen::prelude::*;

use crate::desk::Desk;
use crate::{Config, ConfigError, Field, Format, MAX_EVENT_BYTES, OUTCOME_CODES};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("wasm.d.ts");

/// Maps events by one config, which it compiles once.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Transformer {
    inner: crate::Transformer,
}

#[wasm_bindgen]
impl Transformer {
    /// Compiles a config; without one the defaults hold.
    ///
    /// @throws ConfigError that names the path, what was expected, and what came.
    #[wasm_bindgen(constructor)]
    pub fn new(
        #[wasm_bindgen(unchecked_optional_param_type = "Config")] config: JsValue,
    ) -> Result<Self, JsValue> {
        let config = if config.is_undefined() || config.is_null() {
            Config::default()
        } else {
            let json = stringify(&config)
                .ok_or_else(|| js_sys::TypeError::new("config must be an object of JSON values"))?;
            Config::from_json(&json).map_err(|error| thrown(&error))?
        };
        Ok(Transformer { inner: crate::Transformer::new(config) })
    }

    /// The Amazon event made from an event, or undefined if it is dropped. `now` is epoch milliseconds, by default the
    /// host's clock.
    #[wasm_bindgen(unchecked_return_type = "AmazonEvent | undefined")]
    pub fn transform(
        &self,
        #[wasm_bindgen(unchecked_param_type = "AnalyticsEvent")] event: &JsValue,
        now: Option<f64>,
    ) -> Result<JsValue, JsValue> {
        transformed(&self.inner, event, now)
    }

    /// As `transform`, from the UTF-8 bytes of one event's JSON to those of the Amazon event's.
    #[wasm_bindgen(js_name = transformJson)]
    #[must_use]
    pub fn transform_json(&self, json: &[u8], now: Option<f64>) -> Option<Vec<u8>> {
        Some(self.inner.transform(json, epoch_millis(now))?.to_bytes())
    }

    /// What becomes of an event, with the reason of a drop and notes.
    #[wasm_bindgen(unchecked_return_type = "Outcome")]
    pub fn evaluate(
        &self,
        #[wasm_bindgen(unchecked_param_type = "AnalyticsEvent")] event: &JsValue,
        now: Option<f64>,
    ) -> Result<JsValue, JsValue> {
        JSON::parse(&self.inner.evaluate(&bytes_of(event), epoch_millis(now)).to_json())
    }

    /// As `evaluate`, from the UTF-8 bytes of one event's JSON to the JSON text of its outcome.
    #[wasm_bindgen(js_name = evaluateJson)]
    #[must_use]
    pub fn evaluate_json(&self, json: &[u8], now: Option<f64>) -> String {
        self.inner.evaluate(json, epoch_millis(now)).to_json()
    }

    /// Which inputs fed each field, which were refused and why. Values are redacted.
    #[wasm_bindgen(unchecked_return_type = "Trace")]
    pub fn explain(
        &self,
        #[wasm_bindgen(unchecked_param_type = "AnalyticsEvent")] event: &JsValue,
        now: Option<f64>,
    ) -> Result<JsValue, JsValue> {
        JSON::parse(&self.inner.explain(&bytes_of(event), epoch_millis(now)).to_json())
    }

    /// As `explain`, from the UTF-8 bytes of one event's JSON to the JSON text of the trace.
    #[wasm_bindgen(js_name = explainJson)]
    #[must_use]
    pub fn explain_json(&self, json: &[u8], now: Option<f64>) -> String {
        self.inner.explain(json, epoch_millis(now)).to_json()
    }

    /// What becomes of many events: NDJSON, a JSON array or `{"batch":[…]}` bytes in, wire bytes out.
    #[wasm_bindgen(js_name = transformBatch, unchecked_return_type = "Batch")]
    pub fn transform_batch(
        &self,
        input: &[u8],
        #[wasm_bindgen(unchecked_optional_param_type = "number | null")] now: Option<f64>,
        #[wasm_bindgen(unchecked_optional_param_type = "'auto' | 'ndjson' | 'event'")]
        format: &JsValue,
    ) -> Result<JsValue, JsValue> {
        let format = WORDS.with(|words| {
            if format.is_undefined() || format.is_null() || *format == words.auto {
                Some(Format::Auto)
            } else if *format == words.ndjson {
                Some(Format::Ndjson)
            } else if *format == words.event {
                Some(Format::Event)
            } else {
                None
            }
        });
        let format = format
            .ok_or_else(|| js_sys::TypeError::new("format must be `auto`, `ndjson` or `event`"))?;
        let memory = BODY.take();
        let batch = self.inner.transform_batch_in(memory, input, epoch_millis(now), format);
        let result = Object::new();
        let body = Uint8Array::from(batch.body.as_slice());
        // Both are one copy: the events are a part of the body.
        let Range { start, end } = batch.events_range();
        let [start, end] = [start, end].map(|at| u32::try_from(at).unwrap_or(u32::MAX));
        WORDS.with(|words| {
            Reflect::set(&result, &words.events, &body.subarray(start, end))?;
            Reflect::set(&result, &words.body, &body)?;
            Reflect::set(&result, &words.offsets, &Uint32Array::from(batch.offsets.as_slice()))?;
            Reflect::set(&result, &words.outcomes, &Uint8Array::from(batch.outcomes.as_slice()))
        })?;
        if batch.body.capacity() <= MAX_KEPT_BYTES {
            BODY.set(batch.body);
        }
        Ok(result.into())
    }

    /// As `transformJson`, of so many bytes in the [`room`]; how many there are at [`made`], or 0 if the event is dropped.
    #[wasm_bindgen(js_name = transformRoom, skip_typescript)]
    #[must_use]
    pub fn transform_room(&self, length: usize, now: Option<f64>) -> usize {
        let now = epoch_millis(now);
        at_desk(|desk, room| {
            desk.transform(&self.inner, room.get(..length).unwrap_or_default(), now);
            desk.made().len()
        })
    }

    /// As `transformRoom`, of an event that comes as fields, without JSON: what an object has at the `paths`.
    ///
    /// The room begins with 2048 bytes for words of four bytes, little end first, of which `count` are there: the place of a field's
    /// path in that list in 16 bits, then 1 if its text is JSON, or 0 if it is a text as it is, then the length of that text in UTF-16
    /// code units. Behind them are the texts, so many bytes of UTF-8. What [`Transformer::spares`] tells may be left out, by its bits.
    /// The answer is 0xffffffff if the fields cannot say what the event is; its JSON can.
    #[wasm_bindgen(js_name = transformRoomFields, skip_typescript)]
    #[must_use]
    pub fn transform_room_fields(
        &self,
        count: usize,
        length: usize,
        left_out: u32,
        now: Option<f64>,
    ) -> usize {
        let now = epoch_millis(now);
        at_desk(|desk, room| {
            let (heads, texts) = room.split_at_checked(HEADS_BYTES).unwrap_or_default();
            let (heads, _) = heads.as_chunks();
            let fields = heads.iter().take(count).map(|head| field(u32::from_le_bytes(*head)));
            let texts = texts.get(..length).unwrap_or_default();
            let made = desk.transform_fields(&self.inner, texts, fields, left_out, now);
            if made.is_err() { usize::MAX } else { desk.made().len() }
        })
    }

    /// The places in `paths` that are looked at only if the text at another one is unusable, each as three numbers: a bit for what
    /// it stands in for, the other place, and its own.
    #[wasm_bindgen(skip_typescript)]
    #[must_use]
    pub fn spares(&self) -> Vec<u32> {
        let spares = self.inner.plan.spares();
        let numbers =
            spares.flat_map(|(stand_in, other, spare)| [stand_in as usize, other.0, spare.0]);
        numbers.filter_map(|number| u32::try_from(number).ok()).collect()
    }

    /// The places in `paths` of lists that hold the lines of an order: of each of their elements only `price` and `quantity`
    /// are looked at, if it is an object.
    #[must_use]
    pub fn lines(&self) -> Vec<u32> {
        self.inner.lines().filter_map(|place| u32::try_from(place).ok()).collect()
    }

    /// The paths of everything that this config looks at in an event, keys joined by dots: nothing else changes what becomes
    /// of it.
    #[wasm_bindgen(unchecked_return_type = "string[]")]
    #[must_use]
    pub fn paths(&self) -> Array {
        self.inner.paths().map(JsValue::from).collect()
    }
}

/// How many bytes the room takes. Longer events are for the ways that take memory of their own.
const ROOM_BYTES: usize = 16_384;
/// Words of four bytes are written to it.
const ALIGNMENT: usize = 4;
/// How much of it is for what fields are, if an event comes as fields.
const HEADS_BYTES: usize = 2048;

/// A field, by its word in the room.
fn field(head: u32) -> Field {
    let [place, length] = [head >> 16, head & 0x7fff].map(|part| part as usize);
    Field { place, is_json: head & 0x8000 != 0, length }
}

/// The memory of a larger body is given back.
const MAX_KEPT_BYTES: usize = 4 * 1024 * 1024;

thread_local! {
    /// Serves the body of the next batch.
    static BODY: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    /// Written to from outside, between two calls.
    static ROOM: RefCell<Vec<u8>> = RefCell::new(vec![0; ROOM_BYTES + ALIGNMENT]);
    static DESK: Cell<Option<Box<Desk>>> = const { Cell::new(None) };
    /// Where the Amazon event is that was made on it last; read from outside.
    static MADE: Cell<usize> = const { Cell::new(0) };
}

/// Works at the desk. It is nobody's meanwhile: where the stack overflows, work ends in the middle, and the next event gets a new
/// desk; the room is only looked at, and stays where it is.
fn at_desk<T>(work: impl FnOnce(&mut Desk, &[u8]) -> T) -> T {
    let mut desk = DESK.take().unwrap_or_default();
    let done = ROOM.with_borrow(|room| work(&mut desk, aligned(room)));
    MADE.set(desk.made().as_ptr().addr());
    DESK.set(Some(desk));
    done
}

fn aligned(room: &[u8]) -> &[u8] {
    room.get(room.as_ptr().align_offset(ALIGNMENT)..).unwrap_or_default()
}

/// Where in the memory 16,384 bytes are for an event, at a multiple of four. They stay there, and the next event writes over them.
#[wasm_bindgen(skip_typescript)]
#[must_use]
pub fn room() -> usize {
    ROOM.with_borrow(|room| aligned(room).as_ptr().addr())
}

/// Where in the memory, at a multiple of four, four bytes tell where the Amazon event is that was made last in the room. It stays
/// until the next one.
#[wasm_bindgen(skip_typescript)]
#[must_use]
pub fn made() -> usize {
    MADE.with(|made| made.as_ptr().addr())
}

/// Words that cross with every batch, made once.
struct Words {
    auto: JsValue,
    ndjson: JsValue,
    event: JsValue,
    body: JsValue,
    events: JsValue,
    offsets: JsValue,
    outcomes: JsValue,
}

thread_local! {
    static WORDS: Words = Words {
        auto: "auto".into(),
        ndjson: "ndjson".into(),
        event: "event".into(),
        body: "body".into(),
        events: "events".into(),
        offsets: "offsets".into(),
        outcomes: "outcomes".into(),
    };
}

/// The Amazon event made from an event by the default config, or undefined if it is dropped.
#[wasm_bindgen(unchecked_return_type = "AmazonEvent | undefined")]
pub fn transform(
    #[wasm_bindgen(unchecked_param_type = "AnalyticsEvent")] event: &JsValue,
    now: Option<f64>,
) -> Result<JsValue, JsValue> {
    static DEFAULT: OnceLock<crate::Transformer> = OnceLock::new();
    transformed(DEFAULT.get_or_init(crate::Transformer::default), event, now)
}

fn transformed(
    transformer: &crate::Transformer,
    event: &JsValue,
    now: Option<f64>,
) -> Result<JsValue, JsValue> {
    match transformer.transform(&bytes_of(event), epoch_millis(now)) {
        Some(event) => JSON::parse(&event.to_json()),
        None => Ok(JsValue::UNDEFINED),
    }
}

/// What the numbers in a batch's `outcomes` stand for.
#[wasm_bindgen(js_name = outcomeCodes, unchecked_return_type = "OutcomeCode[]")]
pub fn outcome_codes() -> Result<JsValue, JsValue> {
    let codes = Array::new();
    for code in OUTCOME_CODES {
        let object = Object::new();
        let set = |key: &str, value: &str| Reflect::set(&object, &key.into(), &value.into());
        match code {
            None => set("outcome", "mapped")?,
            Some((reason, detail)) => {
                set("outcome", "dropped")?;
                if let Some(detail) = detail {
                    set("detail", detail.as_str())?;
                }
                set("reason", reason.as_str())?
            }
        };
        codes.push(&object);
    }
    Ok(codes.into())
}

/// The version of the core.
#[wasm_bindgen]
#[must_use]
pub fn version() -> String {
    crate::version().to_owned()
}

fn epoch_millis(now: Option<f64>) -> i64 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "dates are below 2^53 milliseconds; a cast saturates"
    )]
    let millis = now.filter(|now| now.is_finite()).unwrap_or_else(Date::now) as i64;
    millis
}

/// The JSON of a value. What JSON cannot hold (cycles, BigInt) is no event, and reads as one that is not JSON.
fn bytes_of(event: &JsValue) -> Vec<u8> {
    stringify(event).unwrap_or_default().into_bytes()
}

fn stringify(value: &JsValue) -> Option<String> {
    let json: JsValue = JSON::stringify(value).ok()?.into();
    // Of a text too large to be an event only as much crosses as shows that it is too large.
    let json: JsString = json.dyn_into().ok()?;
    let limit = u32::try_from(MAX_EVENT_BYTES).unwrap_or(u32::MAX) + 1;
    if json.length() > limit { json.substring(0, limit).as_string() } else { json.as_string() }
}

fn thrown(error: &ConfigError) -> JsValue {
    let thrown = js_sys::Error::new(&error.to_string());
    thrown.set_name("ConfigError");
    for (key, value) in [("code", "ERR_INVALID_CONFIG"), ("path", error.path.as_str())] {
        // Only fails on frozen objects, and this one is new.
        let _ = Reflect::set(&thrown, &key.into(), &value.into());
    }
    thrown.into()
}
