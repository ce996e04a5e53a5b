"""JSON as it was written."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.pulling import json_values

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_what_is_parsed_and_written_is_the_same_document(value: object) -> None:
    document = json.dumps(value, ensure_ascii=False)
    assert json_values.written(json_values.parse(document.encode("utf-8", "surrogatepass"))) == document


@pytest.mark.parametrize("digits", ["1.10", "-0", "1E5", "123456789012345678901234567890", "1e400", "NaN"])
def test_numbers_stay_the_digits_that_they_are(digits: str) -> None:
    assert json_values.text(json_values.parse(digits.encode())) == digits
    assert json_values.text(json_values.parse(f'{{"a": [{digits}]}}'.encode())) == f'{{"a": [{digits}]}}'


def test_cells() -> None:
    cells = [json_values.text(value) for value in json_values.parse(b'[null, true, "true", "1.0", "", []]')]
    assert cells == [None, "true", "true", "1.0", "", "[]"]
