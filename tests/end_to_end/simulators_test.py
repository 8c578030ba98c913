#!/usr/bin/env python3
"""The small simulators, through their protocol only.

usage: simulators_test.py DIRECTORY_OF_THE_PROGRAMS [unittest options]
"""
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import unittest

PROGRAMS = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else '.'
FORMULAS = ['borehole', 'otl_circuit', 'piston', 'wing_weight', 'robot_arm', 'environmental',
            'ishigami', 'hartmann6', 'branin', 'franke', 'friedman', 'gramacy_lee_1d',
            'gramacy_lee_2d', 'rastrigin4', 'river_flood', 'steel_column', 'short_column',
            'cantilever', 'damped_oscillator', 'nonlinear_oscillator', 'solar_cell',
            'dette_pepelyshev', 'sobol_g', 'park', 'currin', 'lim', 'welch', 'flaky']


def start(name, question, *options, cwd=None):
    """The finished process that was asked `question` (an object, or any text)."""
    text = question if isinstance(question, (str, bytes)) else json.dumps(question)
    data = text if isinstance(text, bytes) else text.encode()
    return subprocess.run([os.path.join(PROGRAMS, name), *options], input=data,
                          capture_output=True, cwd=cwd, timeout=60)


def describe(name):
    return json.loads(start(name, '', '--describe').stdout)


def ask(name, **x):
    done = start(name, {'x': x})
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)['y']


def middle(name):
    return {i['name']: sum(i['bounds']) / 2 for i in describe(name)['inputs']}


class KnownValues(unittest.TestCase):
    def near(self, got, expected, digits):
        self.assertAlmostEqual(got, expected, delta=abs(expected) * 10.0 ** -digits)

    def test_branin_has_its_three_published_minima(self):
        for a, b in [(-math.pi, 12.275), (math.pi, 2.275), (3 * math.pi, 2.475)]:
            self.near(ask('branin', a=a, b=b)['value'], 0.397887, 5)

    def test_hartmann6_has_its_published_minimum(self):
        place = (0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573)
        x = {f'x{i + 1}': value for i, value in enumerate(place)}
        self.near(ask('hartmann6', **x)['value'], -3.32237, 5)
        for name in x:  # and it is a minimum: no neighbour is lower
            for step in (-1e-3, 1e-3):
                self.assertGreater(ask('hartmann6', **{**x, name: x[name] + step})['value'],
                                   -3.32237)

    def test_ishigami_by_hand(self):
        quarter = math.pi / 2  # both sines are 1: 1 + 7 + 0.1 x3^4
        self.near(ask('ishigami', x1=quarter, x2=quarter, x3=0)['value'], 8, 14)
        self.near(ask('ishigami', x1=quarter, x2=quarter, x3=3)['value'], 16.1, 14)

    def test_franke_by_hand(self):
        # a = b = 2/9 is the top of the first hill: 3/4, and the three others there
        others = (0.75 * math.exp(-9 / 49 - 0.3) + 0.5 * math.exp(-26 / 4)
                  - 0.2 * math.exp(-4 - 25))
        self.near(ask('franke', a=2 / 9, b=2 / 9)['value'], 0.75 + others, 13)

    def test_borehole_at_the_middle_of_its_ranges(self):
        # ln(25050 / 0.1) = 12.431214; 2 L Tu = 250138000; / (12.431214 * 0.01 * 10950) = 183762.15
        # Tu / Tl = 997.59911; 2 pi 89335 * 290 = 162778536.5
        # 162778536.5 / (12.431214 * (1 + 183762.15 + 997.59911)) = 70.87291
        self.near(ask('borehole', **middle('borehole'))['flow'], 70.87291, 6)

    def test_otl_circuit_by_hand(self):
        # Vb1 = 12 * 50 / 150 = 4; g = 200 * 10 = 2000; g + Rf = 2002
        # (4.74 * 2000 + 11.35 * 2 + 0.74 * 2 * 2000 / 2) / 2002 = 10982.7 / 2002
        got = ask('otl_circuit', Rb1=100, Rb2=50, Rf=2, Rc1=2, Rc2=1, beta=200)['voltage']
        self.near(got, 10982.7 / 2002, 14)

    def test_piston_by_hand(self):
        # A = 1250 + 882.9 - 1440 = 692.9; P0 V0 / T0 Ta = 502.285714
        # V = 0.0125 / 6000 * (sqrt(480110.41 + 6027428.57) - 692.9) = 0.00387102
        # 2 pi sqrt(45 / (3000 + 1.5625e-4 * 502.285714 / 1.498480e-5)) = 0.464397
        got = ask('piston', M=45, S=0.0125, V0=0.006, k=3000, P0=1e5, Ta=293, T0=350)['cycle']
        self.near(got, 0.464397, 5)

    def test_wing_weight_has_the_exponents_of_its_source(self):
        ones = dict(Sw=1, Wfw=1, A=1, sweep=0, q=1, taper=1, tc=0.01, Nz=1, Wdg=1, Wp=0)
        self.near(ask('wing_weight', **ones)['weight'], 0.036, 14)
        self.near(ask('wing_weight', **{**ones, 'Wp': 1})['weight'], 1.036, 14)
        for name, exponent in dict(Sw=0.758, Wfw=0.0035, A=0.6, q=0.006, taper=0.04, tc=-0.3,
                                   Nz=0.49, Wdg=0.49).items():
            twice = ask('wing_weight', **{**ones, name: 2 * ones[name]})['weight']
            self.near(twice / 0.036, 2 ** exponent, 13)
        # the cosine of 60 degrees is 1/2: 4^0.6 from the aspect ratio, 2^-0.3 from the thickness
        self.near(ask('wing_weight', **{**ones, 'sweep': 60})['weight'] / 0.036,
                  2 ** (1.2 - 0.3), 13)

    def test_robot_arm_stretched_folded_and_bent(self):
        arm = dict(theta1=0.4, theta2=0, theta3=0, theta4=0, L1=1, L2=0.5, L3=0.25, L4=0.125)
        self.near(ask('robot_arm', **arm)['distance'], 1.875, 13)
        self.near(ask('robot_arm', **{**arm, 'theta2': math.pi})['distance'], 0.125, 13)
        bent = ask('robot_arm', **{**arm, 'theta3': math.pi / 2})['distance']
        self.near(bent, math.hypot(1.5, 0.375), 13)

    def test_environmental_by_hand(self):
        # D t = 6 and D (t - tau) = 0.1 * 30 = 3 with the second spill at 1.5
        both = lambda s: (10 / math.sqrt(6) * math.exp(-s * s / 24)
                          + 10 / math.sqrt(3) * math.exp(-(s - 1.5) ** 2 / 12))
        got = ask('environmental', M=10, D=0.1, L=1.5, tau=30)
        for name, place in dict(near=0.5, middle=1.5, far=2.5).items():
            self.near(got[name], both(place), 13)
        late = ask('environmental', M=10, D=0.1, L=1.5, tau=60)  # the second spill is yet to come
        self.near(late['near'], 10 / math.sqrt(6) * math.exp(-0.25 / 24), 13)

    def test_friedman_by_hand(self):
        # the sine of pi/2 is 1: 10 + 20/4 + 3 + 2
        x = {f'x{i}': value for i, value in enumerate([1, 0.5, 1, 0.3, 0.4] + 5 * [0.1], 1)}
        self.near(ask('friedman', **x)['value'], 20, 14)
        for i in range(6, 11):  # inert
            self.assertEqual(ask('friedman', **{**x, f'x{i}': 0.9}), ask('friedman', **x))

    def test_gramacy_lee_1d_by_hand(self):
        # sin(5.5 pi) = -1: -1 / 1.1 + 0.45^4; sin(25 pi) = 0: 1.5^4
        self.near(ask('gramacy_lee_1d', x=0.55)['value'], -1 / 1.1 + 0.04100625, 13)
        self.near(ask('gramacy_lee_1d', x=2.5)['value'], 5.0625, 13)

    def test_gramacy_lee_2d_has_its_top_and_its_bottom(self):
        place, height = math.sqrt(0.5), 1 / math.sqrt(2 * math.e)  # where 1 - 2 x1^2 = 0
        self.near(ask('gramacy_lee_2d', x1=place, x2=0)['value'], height, 14)
        self.near(ask('gramacy_lee_2d', x1=-place, x2=0)['value'], -height, 14)
        self.near(ask('gramacy_lee_2d', x1=place, x2=1)['value'], height / math.e, 14)

    def test_rastrigin4_by_hand(self):
        # cosines of whole waves are 1: sum x^2; of half waves -1: 40 + 4 (1/4 + 10)
        for place, value in {0: 0, 1: 4, -0.5: 81}.items():
            got = ask('rastrigin4', x1=place, x2=place, x3=place, x4=place)['value']
            self.near(got, value, 14)
        self.near(ask('rastrigin4', x1=0.5, x2=0, x3=0, x4=0)['value'], 20.25, 14)

    def test_river_flood_by_hand(self):
        # slope 5 / 500, its root 0.1; 28800 / (300 * 30 * 0.1) = 32; 32^0.6 = 8; 50 + 8 - 8 - 55.5
        x = dict(Q=28800, Ks=30, Zv=50, Zm=55, Hd=8, Cb=55.5, L=500, B=300)
        self.near(ask('river_flood', **x)['overflow'], -5.5, 13)
        # 1000 / (9000 * 0.0316228) = 3.513642; ^0.6 = exp(0.6 * 1.256653) = 2.125468
        got = ask('river_flood', **{**x, 'Q': 1000, 'L': 5000})['overflow']
        self.near(got, 50 + 2.125468 - 63.5, 6)

    def test_steel_column_by_hand(self):
        # straight: 1.7e6 / (2 * 300 * 20) = 1700 / 12
        x = dict(Fs=400, P1=5e5, P2=6e5, P3=6e5, B=300, D=20, H=300, F0=0, E=210000)
        self.near(ask('steel_column', **x)['margin'], 400 - 1700 / 12, 14)
        # bent by 30: 1.7e6 * 30 / 1.8e6 = 85 / 3, over 1 - P / Eb;
        # Eb = pi^2 * 210000 * 6000 * 90000 / (2 * 7500^2) = 1008000 pi^2
        bent = 85 / 3 / (1 - 1.7e6 / (1008000 * math.pi ** 2))
        got = ask('steel_column', **{**x, 'F0': 30})['margin']
        self.near(got, 400 - 1700 / 12 - bent, 13)
        # a load that buckles it
        self.assertEqual(start('steel_column', {'x': {**x, 'P1': 1e7}}).returncode, 1)

    def test_short_column_by_hand(self):
        # 8000 / (10 * 400 * 5) = 0.4; (500 / 1000)^2 = 0.25
        got = ask('short_column', b=10, h=20, Y=5, M=2000, P=500)['margin']
        self.near(got, 0.35, 13)

    def test_cantilever_by_hand(self):
        # 4e6 / (2.5e7 * 4) = 0.04; hypot(800 / 4, 600 / 4) = 250
        got = ask('cantilever', w=2, t=2, E=2.5e7, X=600, Y=800)['displacement']
        self.near(got, 10, 13)
        # 4e6 / (2.5e7 * 8) = 0.02; hypot(800 / 4, 2400 / 16) = 250
        got = ask('cantilever', w=4, t=2, E=2.5e7, X=2400, Y=800)['displacement']
        self.near(got, 5, 13)

    def test_damped_oscillator_by_hand(self):
        # tuned, wp = ws = wa = 1, theta = 0, both dampings 0.05: the three factors are
        # pi 100 / 0.2, 1 / (0.01 + 0.01) and 1/2
        x = dict(mp=1, ms=0.01, kp=1, ks=0.01, zp=0.05, zs=0.05, S0=100, Fs=15)
        self.near(ask('damped_oscillator', **x)['margin'],
                  15 - 0.03 * math.sqrt(12500 * math.pi), 13)
        # dampings 0.08 and 0.02, of the same mean: pi 100 / 0.08,
        # 0.001 / (0.0016 * 0.01 + 0.01 * 0.0025) = 1000 / 41 and 1/2
        got = ask('damped_oscillator', **{**x, 'zp': 0.08, 'zs': 0.02})['margin']
        self.near(got, 15 - 0.03 * math.sqrt(625000 * math.pi / 41), 13)
        # ws = 2, wa = 3/2, theta = -2/3: pi 100 / 1.6, 1 / (0.02 + 4/9) = 9 / 4.18 and
        # 0.45 / (0.2 * 81/16) = 4/9
        got = ask('damped_oscillator', **{**x, 'ks': 0.04})['margin']
        self.near(got, 15 - 0.12 * math.sqrt(250 * math.pi / 4.18), 13)

    def test_nonlinear_oscillator_by_hand(self):
        # frequency 1, the sine of pi/6 is 1/2: 1.5 - 2 / 2
        x = dict(m=1, c1=0.9, c2=0.1, r=0.5, F1=1, t1=math.pi / 3)
        self.near(ask('nonlinear_oscillator', **x)['margin'], 0.5, 13)
        # frequency 2 and half the time, the same sine; stiffness 1 still: 1.5 - 1.6 / 2
        x = {**x, 'm': 0.25, 'F1': 0.8, 't1': math.pi / 6}
        self.near(ask('nonlinear_oscillator', **x)['margin'], 0.7, 13)

    def test_solar_cell_by_hand(self):
        # Without losses P = u (Isc + Is - Is e^z) with z = u / (n Vth), highest where
        # Isc + Is = Is e^z (1 + z): there P = u (Isc + Is) z / (1 + z). Is from z = 15, n = 1.5.
        z, light = 15, 0.1
        dark = light / (math.exp(z) * (1 + z) - 1)
        x = dict(Isc=light, log_Is=math.log(dark), n=1.5, Rs=0, Rp=1e300)
        peak = 1.5 * 0.02585 * z * (light + dark) * z / (1 + z)
        self.near(ask('solar_cell', **x)['power'], peak, 11)
        # Without a diode it is a source of Isc (1 + Rs/Rp) beside Rp, of open voltage
        # Isc (Rp + Rs) and inner resistance Rp + Rs, which gives a quarter of Isc^2 (Rp + Rs):
        # 0.0001 * 10.5 / 4, at 0.0525 V and so at 0.055 V over the diode, which takes 1e-19 A
        x = dict(Isc=0.01, log_Is=-45, n=2, Rs=0.5, Rp=10)
        self.near(ask('solar_cell', **x)['power'], 0.0002625, 11)

    def test_dette_pepelyshev_by_hand(self):
        # 4 * 1 + 9 + 16, and where x6 alone is 1 the logarithms from the sixth on are ln 2
        zero = {f'x{i}': 0 for i in range(1, 9)}
        got = ask('dette_pepelyshev', **{**zero, 'x1': 1, 'x6': 1})['value']
        self.near(got, 29 + (6 + 7 + 8) * math.log(2), 13)
        # 4 (0 - 2 + 4 - 2)^2 = 0, (3 - 2)^2 = 1, x3 = 1/2 is in every logarithm
        got = ask('dette_pepelyshev', **{**zero, 'x2': 0.5, 'x3': 0.5})['value']
        self.near(got, 1 + 30 * math.log(1.5), 13)

    def test_sobol_g_by_hand(self):
        # 2/1 * 1/2 * 4.5/5.5 * 11/10 = 9/10, and four times 99/100
        x = dict(x1=1, x2=0.5, x3=0.5, x4=1, x5=0.5, x6=0.5, x7=0.5, x8=0.5)
        self.near(ask('sobol_g', **x)['value'], 0.9 * 0.99 ** 4, 13)
        self.assertEqual(ask('sobol_g', **{**x, 'x1': 0.5})['value'], 0)

    def test_park_by_hand(self):
        # 3/4 / (1/4) = 3, sqrt(1 + 3) - 1 = 1: 1/4 and (1/2 + 3) e^(1 + sin(1/2))
        got = ask('park', x1=0.5, x2=0.5, x3=0.5, x4=1)['value']
        self.near(got, 0.25 + 3.5 * math.exp(1 + math.sin(0.5)), 13)
        self.near(ask('park', x1=0, x2=1, x3=0, x4=1)['value'], 0.5 + 3 * math.e, 13)  # its limit

    def test_currin_by_hand(self):
        # 60 / 20 at the origin; 6352 / 624 times 1 - 1/e
        self.near(ask('currin', x1=0, x2=0)['value'], 3, 14)
        self.near(ask('currin', x1=1, x2=0.5)['value'], (1 - 1 / math.e) * 6352 / 624, 13)

    def test_lim_by_hand(self):
        # (30 * 5 - 100) / 6 at the origin; the sine is 1, the exponential 1/2
        self.near(ask('lim', x1=0, x2=0)['value'], 50 / 6, 13)
        got = ask('lim', x1=math.pi / 10, x2=math.log(2) / 5)['value']
        self.near(got, ((30 + math.pi / 2) * 4.5 - 100) / 6, 13)

    def test_welch_by_hand(self):
        zero = {f'x{i}': 0 for i in range(1, 21)}
        value = lambda **x: ask('welch', **{**zero, **x})['value']
        # 5 * 0.5 / 0.5 = 5; 5 * 1 = 5; x5 gives 0.5; 40 / 8 - 5 / 2 = 2.5
        self.near(value(x1=-0.5, x12=0.5), 5, 14)
        self.near(value(x4=0.5, x20=-0.5), 5, 14)
        self.near(value(x19=0.5), 2.5, 14)
        self.near(value(x13=0.5), 0.0625, 14)
        for i, slope in {1: 0, 2: 0.05, 3: 0.08, 5: 1, 6: -0.03, 7: 0.03, 8: 0, 9: -0.09,
                         10: -0.01, 11: -0.07, 14: -0.04, 15: 0.06, 16: 0, 17: -0.01,
                         18: -0.03}.items():
            self.near(value(**{f'x{i}': 0.5}), slope / 2, 14)


class Protocol(unittest.TestCase):
    def test_each_describes_itself_and_answers_in_the_middle_of_its_ranges(self):
        for name in FORMULAS:
            with self.subTest(name):
                description = describe(name)
                self.assertEqual(description['name'], name)
                self.assertRegex(description['source'], r'\(\d{4}\)')
                for item in description['inputs']:
                    self.assertLess(*item['bounds'])
                    self.assertTrue(item['unit'] and item['meaning'])
                done = start(name, {'id': 3, 'attempt': 1, 'x': middle(name)})
                self.assertEqual((done.returncode, done.stderr), (0, b''))
                self.assertEqual(done.stdout.count(b'\n'), 1)
                self.assertEqual(list(json.loads(done.stdout)['y']),
                                 [item['name'] for item in description['outputs']])

    def test_names_differ_in_more_than_their_case(self):
        for name in FORMULAS:
            names = [item['name'].lower() for item in describe(name)['inputs']]
            self.assertEqual(len(names), len(set(names)), name)

    def test_each_says_its_version_and_its_help(self):
        for name in FORMULAS:
            self.assertRegex(start(name, '', '--version').stdout.decode(), rf'^{name} \d+\.\d+\n$')
            self.assertIn(b'usage: ' + name.encode(), start(name, '', '--help').stdout)

    def test_the_same_question_has_the_same_answer_to_the_last_digit(self):
        for name in FORMULAS:
            question = {'x': {k: v * 1.0123456789 for k, v in middle(name).items()}}
            answers = {start(name, question).stdout for _ in range(3)}
            self.assertEqual(len(answers), 1, name)

    def test_answers_have_the_fewest_digits_that_read_back(self):
        text = start('branin', {'x': {'a': 0.1, 'b': 0.2}}).stdout.decode()
        digits = text.split(': ')[-1].rstrip('}\n')
        self.assertEqual(digits, repr(float(digits)))

    def test_what_is_not_understood_is_refused_with_status_2(self):
        refused = {
            '': 'expected one JSON object',
            '[]': 'expected an object with an object "x"',
            '{"x": [1, 2]}': 'expected an object with an object "x"',
            '{"x": {"a": 1}}': "input 'b' [1] is missing",
            '{"x": {"a": 1, "b": 2, "c": 3}}': "there is no input 'c'; the inputs are a, b",
            '{"x": {"a": "1", "b": 2}}': "input 'a': expected a number, got \"1\"",
            '{"x": {"a": null, "b": 2}}': "input 'a': expected a number, got null",
            '{"x": {"a": NaN, "b": 2}}': 'expected one JSON object',
            '{"x": {"a": 1e400, "b": 2}}': 'expected one JSON object',
            '{"x": {"a": 1, "b": 2}} {"x": {"a": 1, "b": 2}}': 'expected one JSON object',
            '{"x": {"a": 1,5, "b": 2}}': 'expected one JSON object',
            b'{"x": {"a\xff": 1}}': 'expected one JSON object',
        }
        for question, message in refused.items():
            with self.subTest(question):
                done = start('branin', question)
                self.assertEqual((done.returncode, done.stdout), (2, b''))
                self.assertIn(message, done.stderr.decode())
        self.assertEqual(start('branin', '', '--hlep').returncode, 2)

    def test_no_finite_answer_is_a_failure_with_status_1(self):
        done = start('piston', {'x': {**middle('piston'), 'k': 0}})
        self.assertEqual((done.returncode, done.stdout), (1, b''))
        self.assertIn(b"output 'cycle' is not finite", done.stderr)
        self.assertEqual(start('borehole', {'x': {**middle('borehole'), 'rw': -1}}).returncode, 1)


QUICK = ['--hang-seconds', '0', '--slow-seconds', '0', '--orphan-seconds', '0', '--flood-bytes',
         '200000', '--memory-bytes', '8000000', '--disk-bytes', '2000000']


def kinds_due():
    lines = start('flaky', '', '--list').stdout.decode().splitlines()
    return {line.split()[0]: line.split()[1] for line in lines}


def what_it_did(done, x):
    """The faults that the outside of a finished run of flaky allows for."""
    out, errors, status = done.stdout, done.stderr, done.returncode
    by_status = {-signal.SIGSEGV: ['segv'], -signal.SIGABRT: ['abort'], -signal.SIGKILL: ['memory'],
                 3: ['exit'], 75: ['licence'], 6: ['disk'], 7: ['flood']}
    if status in by_status:
        return by_status[status]
    if status == 4:
        return ['hang', 'stubborn'] if errors else ['spin']
    if len(errors) > 100000:
        return ['chatty']
    if b'diverged' in errors:
        return ['diverged']
    for sign, kind in [(b'NaN', 'nan'), (b'Infinity', 'inf'), (b'1e+30', 'absurd'),
                       (b'\xff', 'garbage'), (b'{"y": {}}', 'missing')]:
        if sign in out:
            return [kind]
    if not out:
        return ['silent', 'deaf', 'stale']
    if not out.endswith(b'}}\n'):
        return ['torn']
    answer = json.loads(out)
    if answer['x'] != x:
        return ['wrong_echo']
    assert answer['y'] == ask('branin', **x)
    return ['none', 'slow', 'orphan']


class Flaky(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.log = os.path.join(self.folder, 'log')

    def logged(self):
        with open(self.log) as lines:
            return [line.split() for line in lines]

    def commit(self, kind, *options, attempt=1):
        question = {'id': 7, 'attempt': attempt, 'x': {'a': 1.5, 'b': 4.5}}
        return start('flaky', question, '--fault', kind, '--log', self.log, *QUICK, *options,
                     cwd=self.folder)

    def test_each_fault_alone_is_the_fault_asked_for_and_logged(self):
        for kind in kinds_due():
            with self.subTest(kind):
                done = self.commit(kind, '--files')
                self.assertIn(kind, what_it_did(done, {'a': 1.5, 'b': 4.5}))
                self.assertEqual(self.logged()[-1], ['7', '1', kind])

    def test_the_readme_lists_every_fault_and_what_it_must_become(self):
        readme = os.path.join(os.path.dirname(__file__), '..', '..', 'simulators', 'README.md')
        with open(readme) as text:
            rows = [[cell.strip(' `') for cell in line.split('|')[1:-1]] for line in text
                    if line.startswith('| `')]
        listed = {row[0]: row[2].replace(' ', '_') for row in rows if len(row) == 4}
        for kind, due in kinds_due().items():
            self.assertEqual(listed.get(kind), due, kind)

    def test_a_mixture_did_what_its_log_says_and_keeps_its_rate(self):
        n, rate = 400, 0.5
        done = []
        for i in range(n):
            x = {'a': -5 + 15 * i / n, 'b': 15 * (i * 0.618034 % 1)}
            run = start('flaky', {'id': i, 'x': x}, '--rate', str(rate), '--log', self.log, *QUICK,
                        cwd=self.folder)
            done.append((run, x))
        log = self.logged()
        self.assertEqual([(int(i), attempt) for i, attempt, _ in log], [(i, '1') for i in range(n)])
        for (run, x), (_, _, kind) in zip(done, log):
            self.assertIn(kind, what_it_did(run, x))
        bad = sum(kind != 'none' for _, _, kind in log)
        # five standard deviations of a binomial count
        self.assertAlmostEqual(bad, n * rate, delta=5 * math.sqrt(n * rate * (1 - rate)))
        self.assertGreater(len({kind for _, _, kind in log}), 20)

    def test_the_fault_depends_on_the_question_and_the_seed_alone(self):
        def kinds(seed, ids):
            if os.path.exists(self.log):
                os.remove(self.log)
            for i in ids:
                start('flaky', {'id': i, 'x': {'a': (i % 30) / 3, 'b': 5}}, '--seed', seed,
                      '--faults', 'exit=0.3,silent=0.3', '--log', self.log)
            return [kind for _, _, kind in self.logged()]
        first = kinds('1', range(30))
        self.assertEqual(first, kinds('1', range(30, 60)))
        self.assertNotEqual(first, kinds('2', range(30)))

    def test_the_second_attempt_is_well_where_faults_are_transient(self):
        self.assertEqual(self.commit('segv', '--transient').returncode, -signal.SIGSEGV)
        self.assertEqual(self.commit('segv', '--transient', attempt=2).returncode, 0)
        self.assertEqual(self.commit('segv', attempt=2).returncode, -signal.SIGSEGV)
        self.assertEqual(self.commit('licence').returncode, 75)
        self.assertEqual(self.commit('licence', attempt=2).returncode, 0)
        self.assertEqual([kind for _, _, kind in self.logged()],
                         ['segv', 'none', 'segv', 'licence', 'none'])

    def test_a_hole_fails_inside_and_nowhere_else(self):
        inside, outside = {'x': {'a': 3, 'b': 8}}, {'x': {'a': 8, 'b': 8}}
        self.assertEqual(start('flaky', inside, '--hole', '3').returncode, 3)
        self.assertEqual(start('flaky', outside, '--hole', '3').returncode, 0)

    def hanging(self, kind):
        process = subprocess.Popen([os.path.join(PROGRAMS, 'flaky'), '--fault', kind],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        self.addCleanup(lambda: (process.kill(), process.communicate()))
        process.stdin.write(b'{"x": {"a": 1, "b": 2}}')
        process.stdin.close()
        process.stdin = None
        return process

    def assert_still_running(self, process):
        with self.assertRaises(subprocess.TimeoutExpired):
            process.wait(timeout=0.3)

    def test_a_hang_ends_by_sigterm_and_a_stubborn_one_by_sigkill_alone(self):
        hang, stubborn = self.hanging('hang'), self.hanging('stubborn')
        for process in (hang, stubborn):
            self.assertEqual(process.stderr.readline(), b'flaky: waiting for a lock\n')
            process.terminate()
        self.assertEqual(hang.wait(timeout=10), -signal.SIGTERM)
        self.assert_still_running(stubborn)
        stubborn.kill()
        self.assertEqual(stubborn.wait(timeout=10), -signal.SIGKILL)

    def test_a_spin_does_not_end_by_itself(self):
        self.assert_still_running(self.hanging('spin'))

    def test_an_orphan_outlives_its_parent_and_holds_the_streams(self):
        with tempfile.TemporaryFile() as out:
            parent = subprocess.run([os.path.join(PROGRAMS, 'flaky'), '--fault', 'orphan',
                                     '--files', '--orphan-seconds', '20'], stdout=out,
                                    input=b'{"x": {"a": 1, "b": 2}}', cwd=self.folder, timeout=10)
        self.assertEqual(parent.returncode, 0)
        with open(os.path.join(self.folder, 'orphan.pid')) as name:
            orphan = int(name.read())
        self.assertNotEqual(os.getsid(orphan), os.getsid(0))
        os.kill(orphan, signal.SIGKILL)  # raises where it is gone

    def test_files_hold_what_the_fault_says(self):
        def files(kind):
            self.commit(kind, '--files')
            with open(os.path.join(self.folder, 'result.json')) as result, \
                    open(os.path.join(self.folder, 'run.log')) as log:
                return result.read(), log.read()
        result, log = files('none')
        value = ask('branin', a=1.5, b=4.5)['value']
        self.assertEqual(json.loads(result), {'x': {'a': 1.5, 'b': 4.5}, 'y': {'value': value}})
        self.assertEqual(log, f'A = 1.5\nB = 4.5\nVALUE = {value!r}\nEND OF RUN\n')
        result, log = files('torn')
        self.assertRaises(ValueError, json.loads, result)
        self.assertNotIn('END OF RUN', log)
        _, log = files('wrong_echo')
        self.assertIn('A = 0.75\nB = 3.25\n', log)
        _, log = files('diverged')
        self.assertIn('ERROR: solver diverged', log)
        files('stale')
        self.assertLess(os.path.getmtime(os.path.join(self.folder, 'result.json')), 1.1e9)

    def test_memory_and_disk_stop_at_their_bounds(self):
        self.commit('disk')
        self.assertEqual(os.path.getsize(os.path.join(self.folder, 'scratch.bin')), 2 << 20)
        self.assertEqual(self.commit('memory').returncode, -signal.SIGKILL)

    def test_what_is_not_understood_is_refused_with_status_2(self):
        question = {'x': {'a': 1, 'b': 2}}
        for options, message in [(['--fault', 'sgev'], "there is no fault 'sgev'"),
                                 (['--faults', 'segv'], 'expected name=probability'),
                                 (['--faults', 'segv=0.7,exit=0.7'], 'add up to 1.4'),
                                 (['--rate', 'x'], 'expected a number'),
                                 (['--rate'], 'expected a value'),
                                 (['--log', '/nowhere/log'], 'cannot be written'),
                                 (['--colour', '1'], "there is no option '--colour'")]:
            done = start('flaky', question, *options)
            self.assertEqual((done.returncode, done.stdout), (2, b''))
            self.assertIn(message, done.stderr.decode())


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
