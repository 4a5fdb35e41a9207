//! `cargo bench --manifest-path benches/native/Cargo.toml`: the core by itself, a batch and one event. BENCH_EVENTS and
//! BENCH_CONFIG name the files (`node benches/native/files.mjs FOLDER` writes them).

use amazon_dsp_events_benches::{core_body, transformer};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn core(criterion: &mut Criterion) {
    let file = |name: &str| std::fs::read_to_string(std::env::var(name).expect(name)).expect(name);
    let (events, config) = (file("BENCH_EVENTS"), file("BENCH_CONFIG"));
    let now = 1_795_132_800_000;
    let transformer = transformer(&config);
    let chunk: String = events.split_inclusive('\n').take(500).collect();
    let one = chunk.lines().next().unwrap_or_default();
    let mut group = criterion.benchmark_group("core");
    group.throughput(Throughput::Elements(500));
    group.bench_function("a batch of 500", |b| {
        b.iter(|| core_body(&transformer, chunk.as_bytes(), now))
    });
    group.throughput(Throughput::Elements(1));
    group.bench_function("one event", |b| {
        b.iter(|| transformer.transform(one.as_bytes(), now).map(|event| event.to_json()))
    });
}

criterion_group!(benches, core);
criterion_main!(benches);
