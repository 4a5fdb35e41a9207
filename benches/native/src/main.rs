//! Runs batches on demand: `events.ndjson config.json now`, then on each line of its input `core N`, `ordinary N` (N passes;
//! answers nanoseconds of CPU time) or `core`, `ordinary` (answers the bodies, one a line).

use std::io::{BufRead, Write, stdin, stdout};

use amazon_dsp_events_benches::{core_body, ordinary, transformer};
use cpu_time::ProcessTime;

const LINES: usize = 500;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, events, config, now] = arguments.as_slice() else {
        panic!("expected events, config and now")
    };
    let events = std::fs::read(events).expect("events");
    let config = std::fs::read_to_string(config).expect("a config");
    let now: i64 = now.parse().expect("milliseconds");
    let transformer = transformer(&config);
    let lines: Vec<&[u8]> = events.split_inclusive(|byte| *byte == b'\n').collect();
    let chunks: Vec<Vec<u8>> = lines.chunks(LINES).map(<[&[u8]]>::concat).collect();
    let body = |who: &str, chunk: &[u8]| match who {
        "core" => core_body(&transformer, chunk, now),
        _ => ordinary::body(chunk, now),
    };
    for line in stdin().lock().lines() {
        let line = line.expect("a line");
        let (who, passes) = line.split_once(' ').unwrap_or((&line, ""));
        let mut out = stdout().lock();
        if passes.is_empty() {
            for chunk in &chunks {
                out.write_all(&body(who, chunk)).expect("a reader");
                out.write_all(b"\n").expect("a reader");
            }
        } else {
            let began = ProcessTime::now();
            for _ in 0..passes.parse().expect("a number") {
                for chunk in &chunks {
                    std::hint::black_box(body(who, chunk));
                }
            }
            writeln!(out, "{}", began.elapsed().as_nanos()).expect("a reader");
        }
        out.flush().expect("a reader");
    }
}
