"""Templates of CloudFormation as a deployment would see them: conditions decided, parameters filled in.

What only exists on AWS stays a text: `${Function.Arn}` for an attribute, `${Function}` for a reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ACCOUNT, REGION = "123456789012", "eu-central-1"
PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::StackName": "tradegen",
}
_NOTHING = object()


class _Loader(yaml.SafeLoader):
    pass


def _tagged(loader: _Loader, tag: str, node: yaml.Node) -> dict[str, Any]:
    name = tag if tag in ("Ref", "Condition") else f"Fn::{tag}"
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        raise AssertionError(node)
    return {name: value}


_Loader.add_multi_constructor("!", _tagged)


def read_template(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.load(path.read_text(), _Loader)
    return found


class Stack:
    """One template, deployed with these parameters and the defaults of the others."""

    def __init__(self, template: Mapping[str, Any], parameters: Mapping[str, Any]) -> None:
        declared = template["Parameters"]
        assert set(parameters) <= set(declared)
        defaults = {name: one["Default"] for name, one in declared.items() if "Default" in one}
        assert set(declared) == set(defaults) | set(parameters)
        self._values = {**PSEUDO, **defaults, **parameters}
        self._template = template
        self.resources: dict[str, dict[str, Any]] = {
            name: self._filled({key: value for key, value in one.items() if key != "Condition"})
            for name, one in template["Resources"].items()
            if "Condition" not in one or self.holds(one["Condition"])
        }
        outputs = template.get("Outputs", {})
        self.outputs: dict[str, Any] = {
            name: self._filled(one["Value"])
            for name, one in outputs.items()
            if "Condition" not in one or self.holds(one["Condition"])
        }

    def holds(self, condition: str) -> bool:
        return self._decided(self._template["Conditions"][condition])

    def of_type(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Name and properties of every resource of a type."""
        for name, one in self.resources.items():
            if one["Type"] == kind:
                yield name, one.get("Properties", {})

    def one(self, kind: str) -> tuple[str, dict[str, Any]]:
        [found] = self.of_type(kind)
        return found

    def _decided(self, test: Mapping[str, Any]) -> bool:
        [(name, value)] = test.items()
        match name:
            case "Fn::Equals":
                first, second = (self._filled(one) for one in value)
                return bool(str(first) == str(second))
            case "Fn::Not":
                return not self._decided(value[0])
            case "Fn::And":
                return all(self._decided(one) for one in value)
            case "Fn::Or":
                return any(self._decided(one) for one in value)
            case "Condition":
                return self.holds(value)
        raise AssertionError(name)

    def _filled(self, value: Any) -> Any:
        if isinstance(value, list):
            return [one for one in map(self._filled, value) if one is not _NOTHING]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            [(name, argument)] = value.items()
            if name == "Ref" or name.startswith("Fn::"):
                return self._called(name, argument)
        filled = ((key, self._filled(one)) for key, one in value.items())
        return {key: one for key, one in filled if one is not _NOTHING}

    def _called(self, name: str, argument: Any) -> Any:
        match name:
            case "Ref":
                return _NOTHING if argument == "AWS::NoValue" else self._named(argument)
            case "Fn::GetAtt":
                path = argument if isinstance(argument, str) else ".".join(argument)
                self._require(path.partition(".")[0])
                return f"${{{path}}}"
            case "Fn::If":
                return self._filled(argument[1 if self.holds(argument[0]) else 2])
            case "Fn::Sub":
                text, own = (argument, {}) if isinstance(argument, str) else argument
                values = self._filled(own)
                return re.sub(
                    r"\$\{([^}]+)\}", lambda found: str(values.get(found[1]) or self._named(found[1])), text
                )
            case "Fn::Select":
                return self._filled(argument[1])[argument[0]]
            case "Fn::Join":
                return argument[0].join(self._filled(argument[1]))
            case "Fn::Split":
                return self._filled(argument[1]).split(argument[0])
        raise AssertionError(name)

    def _named(self, name: str) -> Any:
        if name in self._values:
            return self._values[name]
        self._require(name)
        return f"${{{name}}}"

    def _require(self, resource: str) -> None:
        """A reference must lead to what is deployed under the same conditions."""
        one = self._template["Resources"][resource]
        assert "Condition" not in one or self.holds(one["Condition"]), f"{resource} is not deployed"
