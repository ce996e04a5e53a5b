"""Lines of a frame: the same however many are written at once."""

import polars as pl
import pytest

from pipelines.simulation.seasons import DAY_SECONDS, FIRST_SECOND, Integers, moments
from pipelines.simulation.write import Layout


@pytest.mark.parametrize("moment", ["%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M"])
def test_many_rows_are_written_as_few_are(moment: str) -> None:
    number = pl.int_range(3000, eager=True)
    seconds: Integers = FIRST_SECOND + number.to_numpy() * 25_999
    frame = pl.DataFrame(
        {
            "id": number,
            "at": moments(seconds, number.to_numpy() % 3 > 0),
            "day": moments(seconds // DAY_SECONDS * DAY_SECONDS).cast(pl.Date),
            "_left_out": number,
        }
    )
    layout = Layout("file.csv", moment=moment)
    few = b"".join(layout.lines(frame[at : at + 100]) for at in range(0, 3000, 100))
    assert layout.lines(frame) == few
    first, second = few.decode().splitlines()[:2]
    assert first == "0,,2023-01-01"
    assert second == f"1,{'2023-01-01 07:13:19' if moment[2] == '-' else '2023/01/01 07:13'},2023-01-01"
