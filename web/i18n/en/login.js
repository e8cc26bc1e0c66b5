export default {
  "login.what": "Urgent ambulance transport", "login.username": "Username", "login.password": "Password",
  "login.enter": "Enter", "login.kept": "You stay logged in on this device until you log out.",
  "login.exercise": "Trial platform: no real demands",
};
