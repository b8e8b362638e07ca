"""The comparison itself: a harness that cannot fail would prove nothing."""

import unittest

from harness.expectation import finding, finding_differences


def found(rule, severity="error", status="latent"):
    return {"rule": rule, "severity": severity, "status": status, "message": "…"}


class FindingTests(unittest.TestCase):
    CASES = [
        # what was found, expected, allowed, never: how many differences
        ([], [], [], [], 0),
        ([found("a")], [finding("a", "error")], [], [], 0),
        ([], [finding("a", "error")], [], [], 1),
        ([found("a"), found("a")], [finding("a", "error")], [], [], 1),
        ([found("a"), found("a")], [finding("a", "error", count=2)], [], [], 0),
        ([found("a"), found("a")], [finding("a", "error", count=None)], [], [], 0),
        ([], [finding("a", "error", count=None)], [], [], 1),
        ([found("a", "warning")], [finding("a", "error")], [], [], 1),
        ([found("a")], [finding("a", "error", "confirmed")], [], [], 1),
        ([found("b")], [], [], [], 1),
        ([found("b", "warning")], [], [], [], 1),
        ([found("b")], [], ["b"], [], 0),
        ([found("b", "note")], [], [], [], 0),
        ([found("b", "note")], [], [], ["b"], 1),
        ([found("a"), found("b")], [finding("a", "error")], [], [], 1),
    ]

    def test_differences(self):
        for number, (found_, expected, allowed, never, count) in enumerate(self.CASES):
            with self.subTest(number=number):
                self.assertEqual(len(list(finding_differences(found_, expected, allowed, never))), count)
