"""A story that cannot be played says where and what would be right."""

from pathlib import Path

import pytest

from app.story import StoryError, read_story

HEADER = "at,actor,action,subject,file,text\n"
START = "2015-10-01T00:00:00+08:00,system,start,,,\n"
END = "2015-11-01T00:00:00+08:00,system,end,,,\n"


def _story(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "story.csv"
    path.write_text(text, encoding="utf-8-sig")
    return path


def test_lines_are_numbered_with_the_header_as_line_one(tmp_path: Path) -> None:
    lines = read_story(_story(tmp_path, HEADER + START + ",,,,,\n" + END + "\n"))

    assert [(line.line, line.action) for line in lines] == [(2, "start"), (4, "end")]


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("at,actor\n" + START, ":1", "缺少列"),
        (HEADER + START + "yesterday,a,send,2015-10/s,,\n" + END, ":3", "yesterday"),
        (HEADER + START + "2015-10-02T09:00:00,a,send,2015-10/s,,\n" + END, ":3", "没有时区"),
        (HEADER + END + START, ":3", "早于上一行"),
        (HEADER + START, "", "end 结尾"),
        (HEADER + START + "2015-10-02T09:00:00+08:00,a,sing,2015-10/s,,\n" + END, ":3", "没有“sing”这种动作"),
        (HEADER + START + "2015-10-02T09:00:00+08:00,a,resume,,,\n" + END, ":3", "没有“resume”这种动作"),
    ],
)
def test_a_broken_story_names_its_line(tmp_path: Path, text: str, where: str, what: str) -> None:
    with pytest.raises(StoryError) as caught:
        read_story(_story(tmp_path, text))

    assert where in str(caught.value)
    assert what in str(caught.value)


def test_a_missing_story_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoryError, match=r"story\.csv"):
        read_story(tmp_path / "story.csv")
