//! A model of a disk that loses power: what is written survives for certain only once it is synced, and a file's name only once its
//! folder is. Fed with the trace that `power/trace.c` writes.

use rand::Rng;
use std::collections::BTreeMap;
use std::path::Path;

/// The folder itself, as the trace calls it.
const FOLDER: &str = ".";
/// Bytes of a record before its name.
const HEAD: usize = 16;

/// Something that happened, in the order in which it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A file came to be.
    Created(String),
    /// Bytes were written at an offset.
    Written(String, u64, Vec<u8>),
    /// A file was brought to this length.
    Truncated(String, u64),
    /// Everything written to it so far is on the disk.
    Synced(String),
    /// A file was removed.
    Removed(String),
    /// Somebody outside was told this.
    Told(String),
}

/// One record that says what somebody was told, to be appended to a trace.
#[must_use]
pub fn told(what: &str) -> Vec<u8> {
    let mut record = vec![b'A', 0, 0, 0];
    record.extend(u32::try_from(what.len()).unwrap_or(0).to_le_bytes());
    record.extend(0_u64.to_le_bytes());
    record.extend(what.as_bytes());
    record
}

/// Reads a trace.
///
/// # Panics
/// When it is none.
#[must_use]
pub fn events(trace: &[u8]) -> Vec<Event> {
    let mut events = Vec::new();
    let mut rest = trace;
    while !rest.is_empty() {
        let number = |at: usize, bytes: usize| -> u64 {
            let mut number = [0; 8];
            number[..bytes].copy_from_slice(&rest[at..at + bytes]);
            u64::from_le_bytes(number)
        };
        let (op, name, data, offset) = (rest[0], usize::from(rest[1]), usize::try_from(number(4, 4)).expect("a length"), number(8, 8));
        let (name, data) = (&rest[HEAD..HEAD + name], &rest[HEAD + name..HEAD + name + data]);
        rest = &rest[HEAD + name.len() + data.len()..];
        let name = String::from_utf8(name.to_vec()).expect("a name");
        events.push(match op {
            b'C' => Event::Created(name),
            b'W' => Event::Written(name, offset, data.to_vec()),
            b'T' => Event::Truncated(name, offset),
            b'S' => Event::Synced(name),
            b'U' => Event::Removed(name),
            b'A' => Event::Told(String::from_utf8(data.to_vec()).expect("a text")),
            other => panic!("no such record: {other}"),
        });
    }
    events
}

/// A change of a file that is not on the disk for certain.
#[derive(Clone, Debug)]
enum Pending {
    Write(u64, Vec<u8>),
    Truncate(u64),
}

#[derive(Clone, Debug, Default)]
struct File {
    synced: Vec<u8>,
    pending: Vec<Pending>,
}

/// Names of files and which file each is.
type Names = BTreeMap<String, usize>;

/// The disk at some moment.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    files: Vec<File>,
    names: Names,
    synced_names: Names,
}

/// Files as they are found when the power is back.
pub type Image = BTreeMap<String, Vec<u8>>;

impl Disk {
    /// Something happened. True: it made something durable.
    ///
    /// # Panics
    /// When a file is touched that is not there.
    pub fn happen(&mut self, event: &Event) -> bool {
        match event {
            Event::Created(name) => {
                self.names.insert(name.clone(), self.files.len());
                self.files.push(File::default());
            }
            Event::Written(name, offset, data) => self.file(name).pending.push(Pending::Write(*offset, data.clone())),
            Event::Truncated(name, size) => self.file(name).pending.push(Pending::Truncate(*size)),
            Event::Removed(name) => drop(self.names.remove(name)),
            Event::Synced(name) if name == FOLDER => {
                self.synced_names.clone_from(&self.names);
                return true;
            }
            Event::Synced(name) => {
                let file = self.file(name);
                for pending in std::mem::take(&mut file.pending) {
                    apply(&mut file.synced, &pending);
                }
                return true;
            }
            Event::Told(_) => {}
        }
        false
    }

    fn file(&mut self, name: &str) -> &mut File {
        let at = self.names.get(name).unwrap_or_else(|| panic!("{name} is not there"));
        &mut self.files[*at]
    }

    /// Only what is certain.
    #[must_use]
    pub fn only_synced(&self) -> Image {
        self.synced_names.iter().map(|(name, file)| (name.clone(), self.files[*file].synced.clone())).collect()
    }

    /// What is certain, and of the rest what chance leaves: sectors of unsynced writes, lengths, names, in any order.
    pub fn with_some_of_the_rest(&self, rng: &mut impl Rng) -> Image {
        let chance = [0.05, 0.5, 0.95][rng.random_range(0..3)];
        let sector = if rng.random_bool(0.5) { 512 } else { 4096 };
        let names = if rng.random_bool(0.5) { &self.names } else { &self.synced_names };
        let survived = |file: &File, rng: &mut dyn rand::RngCore| {
            let mut content = file.synced.clone();
            for pending in &file.pending {
                match pending {
                    Pending::Truncate(_) if rng.random_bool(chance) => apply(&mut content, pending),
                    Pending::Truncate(_) => {}
                    Pending::Write(offset, data) => {
                        for part in parts(*offset, data, sector) {
                            if rng.random_bool(chance) {
                                apply(&mut content, &part);
                            }
                        }
                    }
                }
            }
            content
        };
        names.iter().map(|(name, file)| (name.clone(), survived(&self.files[*file], rng))).collect()
    }
}

/// A write, cut where the disk's sectors end.
fn parts(offset: u64, data: &[u8], sector: u64) -> Vec<Pending> {
    let (mut parts, mut at, mut rest) = (Vec::new(), offset, data);
    while !rest.is_empty() {
        let to_the_end = usize::try_from(sector - at % sector).unwrap_or(usize::MAX);
        let (part, others) = rest.split_at(to_the_end.min(rest.len()));
        parts.push(Pending::Write(at, part.to_vec()));
        (at, rest) = (at + part.len() as u64, others);
    }
    parts
}

fn apply(content: &mut Vec<u8>, pending: &Pending) {
    match pending {
        Pending::Truncate(size) => content.resize(usize::try_from(*size).expect("a length"), 0),
        Pending::Write(offset, data) => {
            let from = usize::try_from(*offset).expect("an offset");
            if content.len() < from + data.len() {
                content.resize(from + data.len(), 0);
            }
            content[from..from + data.len()].copy_from_slice(data);
        }
    }
}

/// Puts files into a folder.
///
/// # Errors
/// As the folder says.
pub fn put(image: &Image, folder: &Path) -> std::io::Result<()> {
    image.iter().try_for_each(|(name, content)| std::fs::write(folder.join(name), content))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    fn name(name: &str) -> String {
        name.to_owned()
    }

    #[test]
    fn what_is_not_synced_is_lost_and_so_is_a_file_whose_folder_is_not() {
        let mut disk = Disk::default();
        disk.happen(&Event::Created(name("a")));
        disk.happen(&Event::Written(name("a"), 2, b"xy".to_vec()));
        assert!(disk.happen(&Event::Synced(name("a"))));
        assert_eq!(disk.only_synced(), Image::new(), "its name is not certain");
        disk.happen(&Event::Synced(name(".")));
        disk.happen(&Event::Written(name("a"), 0, b"lost".to_vec()));
        disk.happen(&Event::Removed(name("a")));
        assert_eq!(disk.only_synced(), Image::from([(name("a"), b"\0\0xy".to_vec())]));
        disk.happen(&Event::Synced(name(".")));
        assert_eq!(disk.only_synced(), Image::new());
    }

    #[test]
    fn any_sectors_of_the_rest_may_survive() {
        let mut disk = Disk::default();
        for event in [Event::Created(name("a")), Event::Synced(name(".")), Event::Written(name("a"), 500, vec![1; 600])] {
            disk.happen(&event);
        }
        let mut rng = StdRng::seed_from_u64(1);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..200 {
            let image = disk.with_some_of_the_rest(&mut rng);
            let content = &image["a"];
            seen.insert([505, 600, 1_050].map(|at| content.get(at).copied().unwrap_or(0)));
        }
        assert_eq!(seen.len(), 8, "three sectors, each there or not: {seen:?}");
    }

    #[test]
    fn a_trace_is_read_as_it_was_written() {
        let mut trace = told("b");
        trace.extend([b'W', 1, 0, 0, 2, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0]);
        trace.extend(b"fxy");
        assert_eq!(events(&trace), [Event::Told(name("b")), Event::Written(name("f"), 7, b"xy".to_vec())]);
    }
}
