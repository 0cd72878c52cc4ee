//! How to test actors: one alone, a supervised pair, and a time-out that nobody waits for.
//!
//! `cargo test --example testing`

use std::time::Duration;

use actor_core::prelude::*;

/// A thermometer somewhere else, which may be slow, or silent.
struct Measure(Reply<f64>);

enum Heating {
    Check,
    IsOn(Reply<bool>),
}

/// Heats when it is cold, and never on a guess.
struct Thermostat {
    thermometer: Handle<Measure>,
    is_on: bool,
}

impl Actor for Thermostat {
    type Msg = Heating;

    async fn handle(&mut self, msg: Heating, _ctx: &mut Context<Heating>) -> ActorResult {
        match msg {
            Heating::Check => {
                let degrees = self.thermometer.ask(Measure).timeout(Duration::from_secs(2)).await;
                self.is_on = degrees.is_ok_and(|degrees| degrees < 19.0);
            }
            Heating::IsOn(reply) => reply.send(self.is_on),
        }
        Ok(())
    }
}

/// What a program would have in place of the probe of the tests.
struct Sensor;

impl Actor for Sensor {
    type Msg = Measure;

    async fn handle(&mut self, Measure(reply): Measure, _ctx: &mut Context<Measure>) -> ActorResult {
        reply.send(17.5);
        Ok(())
    }
}

fn thermostat(thermometer: Handle<Measure>) -> impl FnMut() -> Thermostat + Send + 'static {
    move || Thermostat {
        thermometer: thermometer.clone(),
        is_on: false,
    }
}

#[tokio::main]
async fn main() -> ActorResult {
    let system = System::new("house");
    let heating = system.spawn("heating", thermostat(system.spawn("sensor", || Sensor)?))?;
    heating.tell(Heating::Check).await?;
    let is_on = heating.ask(Heating::IsOn).await?;
    println!("the heating is on: {is_on}; to see how it is tested: cargo test --example testing");
    system.shutdown().await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actor_core::Supervisor;
    use actor_testkit::{Fault, Faults, Probe, Recorder, settle};

    #[tokio::test(start_paused = true)]
    async fn it_heats_when_it_is_cold_and_stops_when_it_is_warm() -> ActorResult {
        let system = System::new("test");
        let mut thermometer = Probe::spawn(&system, "thermometer");
        let heating = system.spawn("heating", thermostat(thermometer.handle()))?;
        for (degrees, is_on) in [(12.0, true), (23.0, false)] {
            heating.tell(Heating::Check).await?;
            thermometer.expect().await.0.send(degrees);
            assert_eq!(heating.ask(Heating::IsOn).await, Ok(is_on));
        }
        Ok(())
    }

    /// The question stays in the probe's inbox. The clock stands still while anything can run, and jumps when all wait:
    /// this test takes no two seconds.
    #[tokio::test(start_paused = true)]
    async fn it_does_not_heat_when_the_thermometer_is_silent() -> ActorResult {
        let system = System::new("test");
        let thermometer = Probe::spawn(&system, "thermometer");
        let heating = system.spawn("heating", thermostat(thermometer.handle()))?;
        heating.tell(Heating::Check).await?;
        assert_eq!(heating.ask(Heating::IsOn).await, Ok(false));
        Ok(())
    }

    #[tokio::test(start_paused = true)]
    async fn a_sensor_that_panics_is_restarted_with_the_heating_that_was_started_after_it() -> ActorResult {
        let system = System::new("test");
        let (recorder, faults) = (Recorder::new(), Faults::on(1, Fault::Panic));
        let sensor = ChildSpec::new("sensor", recorder.watch(faults.wrap(|| Sensor)));
        let house = Supervisor::rest_for_one().child(sensor);
        let house = system.start(house.named("house")).await?;
        let sensor: Handle<Measure> = house.child("sensor").await?;
        let heating = ChildSpec::new("heating", recorder.watch(thermostat(sensor.clone())));
        house.start_child(heating).await?;
        settle().await;
        assert_eq!(recorder.take(), ["started sensor", "started heating"]);
        assert_eq!(sensor.ask(Measure).await, Err(AskError::Failed));
        settle().await;
        assert_eq!(
            recorder.take()[1..],
            ["stopped heating", "restarted sensor", "restarted heating"]
        );
        Ok(())
    }
}
