"""Labels and one-line explanations of the page's controls; the model's words are in `sim.story`."""

LABELS = {
    "scenario": "Scenario",
    "preset": "Preset",
    "agenda": "Agenda",
    "precondition": "Precondition rule",
    "mediator": "Mediator style",
    "public": "Public",
    "strategy": "Strategy",
    "acceptance": "Acceptance condition",
    "opponent_model": "Opponent model",
    "seed": "Seed",
    "replicate": "Replicate",
    "horizon": "Weeks",
}
HELP = {
    "scenario": "another one drops what is set below, but for chance and length",
    "preset": "a whole reading: drops what is set below, but for chance and length",
    "discount_rate": "a year",
    "effort": "mobilising effort, a share",
    "seed": "the same seed gives the same course of chance",
    "replicate": "which course of chance of that seed",
    "horizon": "1 to 1040",
}
