"""Costs of whole runs, against real runs, real tensors and plain sums."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

import gevb
from gevb.datasets import DATASETS
from gevb.lab.experiments import experiments
from gevb.theory.costs import memory, multiply_adds, run_cost, unfilled

DIGITS = [experiment.run() for experiment in experiments(["digits"])]


def test_sizes_are_those_of_the_data():
    data = gevb.load("digits")
    facts = DATASETS["digits"]
    assert (facts.train, facts.test) == (len(data.train), len(data.test))


@pytest.mark.parametrize("epochs", [0, 1, 3, 4, 5])
def test_a_run_is_evaluated_when_it_says(epochs):
    config = gevb.Config(epochs=epochs, evaluate_every=2)
    history = gevb.lab.train(config, progress=False).history
    assert config.evaluated == [evaluation.epoch for evaluation in history]


@pytest.mark.parametrize("config", DIGITS, ids=lambda c: c.name)
def test_the_unfilled_network_has_the_shapes_of_the_built_one(config):
    built = gevb.build(
        config.dataset, config.arch, vectorized=config.vectorized, nonnegative=config.nonnegative
    )
    shapes = [p.shape for p in built.parameters()]
    assert [p.shape for p in unfilled(config).parameters()] == shapes


def test_run_cost_adds_up_steps_and_evaluations():
    config = gevb.Config(epochs=5, evaluate_every=2)
    costs = multiply_adds(gevb.build("digits", "fc"), "gevb")
    step = sum(cost.step for cost in costs)
    look = sum(cost.forward + cost.gates for cost in costs)
    assert run_cost(config) == 5 * 1437 * step + 4 * 1797 * look


def test_automatic_differentiation_costs_more_in_vectorized_networks_only():
    config = gevb.Config(rule="bp", epochs=1)
    assert run_cost(config, contract_first=False) > run_cost(config)
    scalar = replace(config, vectorized=False)
    assert run_cost(scalar, contract_first=False) == run_cost(scalar)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("config", DIGITS[::3], ids=lambda c: c.name)
def test_memory_is_that_of_the_tensors(config, dtype):
    config = replace(config, dtype=dtype)
    trainer = gevb.Trainer(config, gevb.load("digits"), torch.device("cpu"))
    x = trainer.data.train.x[: config.batch_size].to(trainer.network.layers[0].weights.weight)
    y = trainer.data.train.y[: config.batch_size]
    trainer.rule.backward(x, y)
    trainer.optimizer.step()
    trace = trainer.network.trace(x)

    def held(tensors):
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors)

    kept = memory(config)
    assert kept.activations == held([*trace.inputs, *trace.gates])
    splits = (trainer.data.train, trainer.data.test)
    assert kept.data == held(tensor for split in splits for tensor in (split.x, split.y))
    averages = [v[k] for v in trainer.optimizer.state.values() for k in ("exp_avg", "exp_avg_sq")]
    parameters = list(trainer.network.parameters())
    assert kept.parameters == held([*parameters, *(p.grad for p in parameters), *averages])
    assert kept.total == kept.data + kept.parameters + kept.activations
