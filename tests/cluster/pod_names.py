"""Which of our pods a recording's p1, p2, ... are: in order of creation; of those created within one step by owner, by
completion index, then arbitrarily (tests/oracle/README.md). tests/oracle/pod_names.cc is the same for the local world."""


class PodNames:
    def __init__(self):
        self.count = 0
        self.ours_of, self.recorded_of = {}, {}
        self.groups = []  # ([recorded], [ours]) of pods that can't be told apart yet

    def bind(self, recorded, ours):
        self.ours_of[recorded] = ours
        self.recorded_of[ours] = recorded

    def add_step(self, created):
        """`created`: [(owner, index, name)]; index -1 where there is none."""
        created = sorted(created, key=lambda each: each[:2])
        group = ([], [])
        for i, (owner, index, name) in enumerate(created):
            self.count += 1
            twin = any(0 <= j < len(created) and created[j][:2] == (owner, index) for j in (i - 1, i + 1))
            if twin:
                group[0].append(f"p{self.count}")
                group[1].append(name)
            else:
                self.bind(f"p{self.count}", name)
        if group[0]:
            self.groups.append(group)

    def ours(self, recorded):
        if recorded in self.ours_of:
            return self.ours_of[recorded]
        for names, ours in self.groups:
            if recorded in names:
                names.remove(recorded)
                self.bind(recorded, ours.pop(0))
                return self.ours_of[recorded]
        return ""

    def match(self, expected, actual):
        """Once the expected pods of a group differ, those of ours that look alike are they."""
        for names, ours in self.groups:
            if all(expected.get(name) == expected.get(names[0]) for name in names):
                continue
            for recorded in list(names):
                found = next((name for name in ours if actual.get(name) == expected.get(recorded)), None)
                if found is not None:
                    self.bind(recorded, found)
                    ours.remove(found)
                    names.remove(recorded)

    def bind_rest(self):
        for names, ours in self.groups:
            for recorded, name in zip(names, ours):
                self.bind(recorded, name)
        self.groups = []

    def shown(self, actual):
        """`actual`, by our names, under those of the recording."""
        out = {self.recorded_of[name]: value for name, value in actual.items() if name in self.recorded_of}
        for names, ours in self.groups:
            out.update({recorded: actual[name] for recorded, name in zip(names, ours) if name in actual})
        return out

    def recorded(self, text):
        for ours, recorded in self.recorded_of.items():
            text = text.replace(ours, recorded)
        return text
