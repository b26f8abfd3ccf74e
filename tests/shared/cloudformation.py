"""What CloudFormation makes of a template: its conditions and functions evaluated, as its documentation describes."""

NO_VALUE = object()


def evaluated(template, parameters, *, stack="aitrail", partition="aws"):
    """The resources and outputs of a template with the values of parameters, all others at their defaults.

    References to resources remain, and pseudo parameters but for the name of the stack and the partition do, too.
    """
    definitions = template.get("Parameters", {})
    unknown = parameters.keys() - definitions.keys()
    assert not unknown, unknown
    values = {name: str(parameters.get(name, each.get("Default"))) for name, each in definitions.items()}
    names = values | {"AWS::StackName": stack, "AWS::Partition": partition}
    conditions = {name: _is_met(each, names) for name, each in template.get("Conditions", {}).items()}
    return {
        section: {
            name: _evaluated({key: value for key, value in part.items() if key != "Condition"}, names, conditions)
            for name, part in template[section].items()
            if conditions.get(part.get("Condition"), True)
        }
        for section in ("Resources", "Outputs")
    }


def _is_met(condition, names):
    [(function, operands)] = condition.items()
    match function:
        case "Fn::Equals":
            one, other = (names[each["Ref"]] if isinstance(each, dict) else each for each in operands)
            return one == other
        case "Fn::Not":
            return not _is_met(operands[0], names)
        case "Fn::And":
            return all(_is_met(each, names) for each in operands)
        case "Fn::Or":
            return any(_is_met(each, names) for each in operands)
    raise AssertionError(function)


def _evaluated(value, names, conditions):
    def within(each):
        return _evaluated(each, names, conditions)

    if isinstance(value, list):
        return [found for each in value if (found := within(each)) is not NO_VALUE]
    if not isinstance(value, dict):
        return value
    match value:
        case {"Fn::If": [condition, met, unmet]}:
            return within(met if conditions[condition] else unmet)
        case {"Ref": name}:
            return NO_VALUE if name == "AWS::NoValue" else names.get(name, value)
    evaluated = {key: found for key, each in value.items() if (found := within(each)) is not NO_VALUE}
    return _text_function(evaluated, names)


def _text_function(value, names):
    """The text of a function of texts, without the functions that are evaluated already; or the value itself."""
    match value:
        case {"Fn::Split": [separator, text]}:
            return text.split(separator)
        case {"Fn::Sub": str(text)}:
            for name, each in names.items():
                text = text.replace(f"${{{name}}}", each)
            is_open = "${" in text.replace("${!", "")
            return {"Fn::Sub": text} if is_open else text.replace("${!", "${")
        case {"Fn::Join": [separator, parts]}:
            return _joined(separator, parts)
    return value


def _joined(separator, parts):
    """A text; or the join itself, with its neighbouring texts joined, if it has references."""
    texts = [parts[0]]
    for each in parts[1:]:
        if isinstance(texts[-1], str) and isinstance(each, str):
            texts[-1] = f"{texts[-1]}{separator}{each}"
        else:
            texts.append(each)
    return texts[0] if len(texts) == 1 and isinstance(texts[0], str) else {"Fn::Join": [separator, texts]}
