//! What the tests share: the module compiled once, folders with rules, streams of records, and the
//! engine beside it that it is compared with.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use chrono::Utc;
use serde_json::Value;
use tripline_engine::lang::{self, source::SourceSet};
use tripline_engine::{Detection, Emission, Encoding, Engine, EventFields, Options, RuleSet, Sink};
use tripline_host::{Access, Format, Instance, Limits, Module, Outcome};
use tripline_samples::{Options as SampleOptions, generate};

/// The module, compiled once for all tests.
pub(crate) fn module() -> &'static Module {
    static COMPILED: OnceLock<Module> = OnceLock::new();
    COMPILED.get_or_init(|| compile(Limits::default()))
}

/// The module with other limits.
pub(crate) fn compile(limits: Limits) -> Module {
    Module::new(bytes(), limits).expect("the module is one")
}

/// The module as it is deployed.
pub(crate) fn bytes() -> &'static [u8] {
    tripline_module::MODULE.unwrap_or_else(|| panic!("{}", tripline_module::MISSING))
}

/// The rules that a folder for Fluent Bit holds, which are those beside the schema of sign-ins.
pub(crate) fn pack() -> PathBuf {
    static PACK: OnceLock<PathBuf> = OnceLock::new();
    let pack = PACK.get_or_init(|| {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let rules = here.join("../../rules/entra");
        let pack = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pack");
        let _ = std::fs::remove_dir_all(&pack);
        for below in ["", "lists"] {
            std::fs::create_dir_all(pack.join(below)).unwrap();
            for entry in std::fs::read_dir(rules.join(below)).unwrap() {
                let file = entry.unwrap().path();
                if file.is_file() {
                    let name = pack.join(below).join(file.file_name().unwrap());
                    std::fs::copy(&file, name).unwrap();
                }
            }
        }
        pack.canonicalize().unwrap()
    });
    pack.clone()
}

/// A folder with these files.
pub(crate) fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        put(folder.path(), path, text);
    }
    folder
}

/// Writes a file of a folder.
pub(crate) fn put(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// An instance that sees this folder.
pub(crate) fn instance(folder: &Path) -> Instance {
    module().instantiate(&[Access::to(folder)]).unwrap()
}

/// Calls a function with a record.
pub(crate) fn call(instance: &mut Instance, function: &str, record: &[u8]) -> Outcome {
    let format = if function.ends_with("msgpack") {
        Format::MessagePack
    } else {
        Format::Json
    };
    instance
        .call(function, "tag", (1_772_409_600, 0), record, format)
        .unwrap()
}

/// The records of a stream.
pub(crate) fn records(options: &SampleOptions) -> Vec<Vec<u8>> {
    let mut text = Vec::new();
    generate(options, &mut text).unwrap();
    let lines = text.split(|byte| *byte == b'\n');
    lines
        .filter(|line| !line.is_empty())
        .map(<[u8]>::to_vec)
        .collect()
}

/// A record in MessagePack, as Fluent Bit holds it.
pub(crate) fn message_pack(record: &[u8]) -> Option<Vec<u8>> {
    let value: Value = serde_json::from_slice(record).ok()?;
    value
        .is_object()
        .then(|| rmp_serde::to_vec(&value).unwrap())
}

/// The detections in what the module gave for a record: itself and those under `also`.
pub(crate) fn detections(given: Value) -> Vec<Value> {
    let Value::Object(mut first) = given else {
        panic!("a detection is an object")
    };
    let also = first.remove("also");
    let mut all = vec![Value::Object(first)];
    if let Some(Value::Array(also)) = also {
        all.extend(also);
    }
    all.sort_by_key(|one| one["id"].as_str().map(str::to_owned));
    all
}

/// The engine itself with the rules of a folder, as the module runs them where nothing else is set.
pub(crate) struct Reference {
    engine: Engine,
}

#[derive(Default)]
struct Gathered(Vec<Value>);

impl Sink for Gathered {
    fn detection(&mut self, detection: Detection<'_>) {
        self.0.push(serde_json::to_value(&detection).unwrap());
    }
}

impl Reference {
    pub(crate) fn new(rules: &Path) -> Reference {
        let today = Utc::now().date_naive();
        let (mut sources, problems) = SourceSet::read(&[rules]);
        assert!(problems.is_empty());
        let checked = lang::check(&mut sources, today).checked.unwrap();
        let mut options = Options::new(today);
        options.emission = Emission::Early;
        options.max_state = 64 << 20;
        Reference {
            engine: Engine::new(RuleSet::compile(&checked, EventFields::Used), options),
        }
    }

    /// The detections of one record, by id.
    pub(crate) fn push(&mut self, record: &[u8], encoding: Encoding) -> Vec<Value> {
        let mut gathered = Gathered::default();
        self.engine.push_encoded(record, encoding, &mut gathered);
        gathered
            .0
            .sort_by_key(|one| one["id"].as_str().map(str::to_owned));
        gathered.0
    }
}
