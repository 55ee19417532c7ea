//! The few well-known protobuf types that the services use (spec `agent-rpc.md` 4).

/// A point in time: seconds and nanoseconds since the Unix epoch.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct Timestamp {
    /// Seconds, may be negative.
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    /// 0 to 999,999,999.
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

/// A span of time.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct Duration {
    /// Whole seconds.
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    /// The rest, same sign.
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

/// Nothing.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct Empty {}

/// A boolean that may be absent.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct BoolValue {
    /// The value.
    #[prost(bool, tag = "1")]
    pub value: bool,
}

/// A float that may be absent.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct FloatValue {
    /// The value.
    #[prost(float, tag = "1")]
    pub value: f32,
}

impl Timestamp {
    /// From a wall-clock time that the caller read. Times beyond the format's range become its bounds.
    #[must_use]
    pub fn from_system_time(time: std::time::SystemTime) -> Self {
        match time.duration_since(std::time::UNIX_EPOCH) {
            Ok(after) => Self {
                seconds: i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
                nanos: i32::try_from(after.subsec_nanos()).unwrap_or_default(),
            },
            Err(before) => {
                let before = before.duration();
                Self { seconds: -i64::try_from(before.as_secs()).unwrap_or(i64::MAX), nanos: 0 }
            }
        }
    }
}

impl From<std::time::Duration> for Duration {
    fn from(span: std::time::Duration) -> Self {
        Self {
            seconds: i64::try_from(span.as_secs()).unwrap_or(i64::MAX),
            nanos: i32::try_from(span.subsec_nanos()).unwrap_or_default(),
        }
    }
}

impl Duration {
    /// As an unsigned span; negative values and nonsense become zero.
    #[must_use]
    pub fn to_std(self) -> std::time::Duration {
        let (Ok(seconds), Ok(nanos)) = (u64::try_from(self.seconds), u32::try_from(self.nanos)) else {
            return std::time::Duration::ZERO;
        };
        std::time::Duration::new(seconds, nanos.min(999_999_999))
    }
}
